#!/usr/bin/env bash
# Publishing a new model 1,000 times a second under full load fails no call and frees the old models.
exec "$ASSENT_BUILD/tests/bench/hot_swap" --seconds "${SECONDS_LONG:-30}" --rate 1000

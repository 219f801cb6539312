#!/usr/bin/python3
"""Genre shares of 629 users of MovieLens with a half-life of 30 days do not depend on the order of the events.

The stream is folded in order, in reverse and shuffled, and agrees within 1e-5 with an independent computation and with each
other, and so does `last`, whose ties go to the larger hash of the event id. Then half of the events come twice, the second time
within the window of repeated events, and nothing changes.
"""

import csv
import gzip
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

DATA = pathlib.Path(os.environ["ASSENT_DATA_DIR"]) / "movielens-100k-users-1-629"
BUILD = pathlib.Path(os.environ["ASSENT_BUILD"])
HALF_LIFE_DAYS = 30
TOLERANCE = 1e-5
WINDOW = 16  # docs/features.md


def read_genres():
    names = [line.split("|")[0] for line in (DATA / "u.genre").read_text().splitlines() if "|" in line]
    items = {}
    for line in (DATA / "u.item").read_text(encoding="latin-1").splitlines():
        cells = line.split("|")
        items[cells[0]] = [cell == "1" for cell in cells[-len(names):]]
    return names, items


def read_events():
    """(id, user, item, rating, time), in the file's order."""
    with gzip.open(DATA / "u.data.gz", "rt") as lines:
        return [(f"{user}-{item}", user, item, int(rating), int(time))
                for user, item, rating, time in (line.split() for line in lines)]


def feature_name(genre):
    return "share_" + "".join(c if c.isalnum() else "_" for c in genre)


def schema(genres):
    half_life = f"half_life_days: {HALF_LIFE_DAYS}"
    text = ['profile_purpose: 4',
            f'features {{ name: "all" auxiliary: true aggregate {{ function: AGGREGATE_FUNCTION_COUNT event_type: "rating" '
            f'{half_life} }} }}',
            'features { name: "last" aggregate { function: AGGREGATE_FUNCTION_LAST event_type: "rating" attribute: "rating" } }']
    text += [f'features {{ name: "{feature_name(genre)}" share_of: "all" aggregate {{ function: AGGREGATE_FUNCTION_COUNT '
             f'event_type: "rating" filters {{ attribute: "genre{number}" equals {{ flag: true }} }} {half_life} }} }}'
             for number, genre in enumerate(genres)]
    return "\n".join(text)


def write_events(path, events, items):
    with gzip.open(path, "wt", compresslevel=1) as out:
        for name, user, item, rating, time in events:
            flags = {f"genre{number}": True for number, flag in enumerate(items[item]) if flag}
            out.write(json.dumps({"subject": user, "event_id": name, "time": time, "type": "rating",
                                  "attributes": {"rating": rating, **flags}}) + "\n")


def text_hash(text):
    """docs/features.md: FNV-1a, then the finaliser of SplitMix64."""
    mask, value = 2 ** 64 - 1, 14695981039346656037
    for byte in text.encode():
        value = ((value ^ byte) * 1099511628211) & mask
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & mask
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & mask
    return value ^ (value >> 31)


def independent(events, items, genres):
    now = max(event[4] for event in events)
    totals, parts, latest = {}, {}, {}
    for name, user, item, rating, time in events:
        weight = 0.5 ** ((now - time) / 86400 / HALF_LIFE_DAYS)
        totals[user] = totals.get(user, 0.0) + weight
        shares = parts.setdefault(user, [0.0] * len(genres))
        for number, flag in enumerate(items[item]):
            shares[number] += weight if flag else 0.0
        latest[user] = max(latest.get(user, (0, 0, 0)), (time, text_hash(name), rating))
    return {user: [latest[user][2]] + [part / totals[user] for part in parts[user]] for user in totals}


def folded(work, label, events, items):
    write_events(work / f"{label}.jsonl.gz", events, items)
    done = subprocess.run([BUILD / "client/assentctl", "features", "--schema", work / "schema.textproto", "--events",
                           work / f"{label}.jsonl.gz", "--out", work / f"{label}.csv", "--json", "--no-progress"],
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"features of {label}: {done.stderr}")
    with open(work / f"{label}.csv", newline="") as lines:
        rows = list(csv.reader(lines))
    return json.loads(done.stdout), {row[0]: [float(cell) for cell in row[1:]] for row in rows[1:]}


def repeated(events, generator):
    """Half of the events twice, the second time before WINDOW others of the user."""
    ends = {}
    for event in events:
        ends.setdefault(event[1], []).append(event)
    twice = []
    for own in ends.values():
        again = {}
        for at, event in enumerate(own):
            if generator.random() < 0.5:
                again.setdefault(min(len(own) - 1, at + generator.randrange(WINDOW)), []).append(event)
        for at, event in enumerate(own):
            twice.append(event)
            twice += again.get(at, [])
    return twice


def worst(left, right):
    assert left.keys() == right.keys()
    return max(abs(a - b) for user in left for a, b in zip(left[user], right[user]))


def main():
    work = pathlib.Path(tempfile.mkdtemp())
    genres, items = read_genres()
    events = read_events()
    (work / "schema.textproto").write_text(schema(genres))
    generator = random.Random(629)
    wanted = independent(events, items, genres)
    shuffled = generator.sample(events, len(events))
    _, in_order = folded(work, "in-order", events, items)
    _, in_reverse = folded(work, "in-reverse", events[::-1], items)
    _, mixed = folded(work, "shuffled", shuffled, items)
    again = repeated(events, generator)
    report, twice = folded(work, "twice", again, items)
    figures = {"in order": worst(in_order, wanted), "in reverse": worst(in_reverse, in_order),
               "shuffled": worst(mixed, in_order), "half of them twice": worst(twice, in_order)}
    ok = all(figure <= TOLERANCE for figure in figures.values()) and len(wanted) == 629 and \
        report["repeated"] == len(again) - len(events) and report["repeated"] > len(events) * 0.4
    print(f"{len(events)} events of {len(wanted)} users, {len(genres)} genres; largest difference: " +
          ", ".join(f"{name} {figure:.1e}" for name, figure in figures.items()) +
          f" ({report['repeated']} repeats dropped)")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())

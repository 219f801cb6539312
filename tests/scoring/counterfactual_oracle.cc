#include "tests/scoring/counterfactual_oracle.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace assent::scoring {
namespace {

using Vector = std::vector<long double>;

constexpr long double kSlack = 1e-12L;  // of a limit, relative to it and to the move

// Gauss with pivots. False where the matrix is singular.
bool SolveInPlace(std::vector<Vector>& matrix, Vector& right) {
  const size_t n = right.size();
  for (size_t column = 0; column < n; ++column) {
    size_t pivot = column;
    for (size_t row = column + 1; row < n; ++row) {
      if (std::abs(matrix[row][column]) > std::abs(matrix[pivot][column])) pivot = row;
    }
    if (std::abs(matrix[pivot][column]) < 1e-14L) return false;
    std::swap(matrix[pivot], matrix[column]);
    std::swap(right[pivot], right[column]);
    for (size_t row = 0; row < n; ++row) {
      if (row == column) continue;
      const long double factor = matrix[row][column] / matrix[column][column];
      for (size_t i = column; i < n; ++i) matrix[row][i] -= factor * matrix[column][i];
      right[row] -= factor * right[column];
    }
  }
  for (size_t i = 0; i < n; ++i) right[i] /= matrix[i][i];
  return true;
}

// One set of binding limits.
struct Binding {
  std::vector<int> at;     // [dim] -1: at `down`, 1: at `up`, 0: between
  std::vector<bool> full;  // [group]
};

Vector RowOf(const PossibleMoves::Group& group, size_t dim) {
  Vector row(dim, 0);
  for (size_t i = 0; i < group.members.size(); ++i) row[group.members[i]] = group.weights[i];
  return row;
}

// The shortest move with these limits binding and normal * move = away; whether there is one.
bool ShortestWith(const Binding& binding, const Vector& normal, long double away, const PossibleMoves& moves,
                  Vector& move) {
  const size_t dim = normal.size();
  std::vector<Vector> rows = {normal};
  Vector right = {away};
  for (size_t g = 0; g < moves.groups.size(); ++g) {
    if (!binding.full[g]) continue;
    rows.push_back(RowOf(moves.groups[g], dim));
    right.push_back(moves.groups[g].room);
  }
  for (size_t j = 0; j < dim; ++j) {
    move[j] = binding.at[j] < 0 ? moves.down[j] : binding.at[j] > 0 ? moves.up[j] : 0;
    for (size_t r = 0; r < rows.size(); ++r) {
      right[r] -= rows[r][j] * move[j];
      if (binding.at[j] != 0) rows[r][j] = 0;
    }
  }
  std::vector<Vector> gram(rows.size(), Vector(rows.size(), 0));
  for (size_t r = 0; r < rows.size(); ++r) {
    for (size_t s = 0; s < rows.size(); ++s) {
      for (size_t j = 0; j < dim; ++j) gram[r][s] += rows[r][j] * rows[s][j];
    }
  }
  if (!SolveInPlace(gram, right)) return false;
  for (size_t j = 0; j < dim; ++j) {
    for (size_t r = 0; r < rows.size(); ++r) move[j] += right[r] * rows[r][j];
  }
  return true;
}

bool IsPossible(const Vector& move, const PossibleMoves& moves) {
  for (size_t j = 0; j < move.size(); ++j) {
    const long double slack = kSlack * (1 + std::abs(move[j]));
    if (!(move[j] >= moves.down[j] - slack && move[j] <= moves.up[j] + slack)) return false;
  }
  return std::all_of(moves.groups.begin(), moves.groups.end(), [&](const PossibleMoves::Group& group) {
    long double sum = 0;
    for (size_t i = 0; i < group.members.size(); ++i) sum += group.weights[i] * move[group.members[i]];
    return sum <= group.room + kSlack * (1 + group.room);
  });
}

// Most that one group's moves add: all at limits, but for at most one that takes what room is left.
long double ReachOfGroup(const PossibleMoves::Group& group, const Vector& normal, const PossibleMoves& moves) {
  const size_t n = group.members.size();
  long double best = 0;  // no move
  for (uint32_t ups = 0; ups < (1u << n); ++ups) {
    for (size_t between = 0; between <= n; ++between) {  // n: none
      long double value = 0;
      long double used = 0;
      for (size_t i = 0; i < n; ++i) {
        if (i == between) continue;
        const size_t j = group.members[i];
        const long double move = ((ups >> i) & 1u) != 0 ? moves.up[j] : moves.down[j];
        value += normal[j] * move;
        used += group.weights[i] * move;
      }
      if (between < n) {
        const size_t j = group.members[between];
        const long double move = (group.room - used) / group.weights[between];
        const long double slack = kSlack * (1 + std::abs(move));
        if (move < moves.down[j] - slack || move > moves.up[j] + slack) continue;
        value += normal[j] * move;
      } else if (used > group.room + kSlack) {
        continue;
      }
      best = std::max(best, value);
    }
  }
  return best;
}

}  // namespace

long double ReachByEnumeration(const Vector& normal, const PossibleMoves& moves) {
  std::vector<bool> grouped(normal.size(), false);
  long double reach = 0;
  for (const PossibleMoves::Group& group : moves.groups) {
    for (const size_t member : group.members) grouped[member] = true;
    reach += ReachOfGroup(group, normal, moves);
  }
  for (size_t j = 0; j < normal.size(); ++j) {
    if (grouped[j] || normal[j] == 0) continue;
    reach += normal[j] * (normal[j] > 0 ? moves.up[j] : moves.down[j]);
  }
  return reach;
}

std::optional<long double> LeastLengthByEnumeration(const Vector& normal, long double away,
                                                    const PossibleMoves& moves) {
  if (away <= 0) return 0;
  const size_t dim = normal.size();
  std::optional<long double> least;
  Binding binding{.at = std::vector<int>(dim, -1), .full = std::vector<bool>(moves.groups.size(), false)};
  Vector move(dim);
  size_t sets = 1;
  for (size_t j = 0; j < dim; ++j) sets *= 3;
  for (size_t set = 0; set < sets << moves.groups.size(); ++set) {
    size_t rest = set;
    for (size_t j = 0; j < dim; ++j, rest /= 3) binding.at[j] = static_cast<int>(rest % 3) - 1;
    for (size_t g = 0; g < moves.groups.size(); ++g) binding.full[g] = ((rest >> g) & 1u) != 0;
    if (!ShortestWith(binding, normal, away, moves, move) || !IsPossible(move, moves)) continue;
    long double length2 = 0;
    for (const long double step : move) length2 += step * step;
    if (!least.has_value() || length2 < *least * *least) least = std::sqrt(length2);
  }
  return least;
}

}  // namespace assent::scoring

// Whatever is done to an export of the audit log is found, short of signing it anew. Small by default; with
// ASSENT_FULL_SCALE=1 a log of 1,000 entries, or the export that ASSENT_AUDIT_EXPORT and ASSENT_AUDIT_KEY (PEM) name.
#include "client/audit_verifier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/text_file.h"

namespace assent::client {
namespace {

// The example of RFC 8410 section 10.3.
constexpr char kKey[] =
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE "
    "KEY-----\n";

policy::SigningKey Key() { return *policy::SigningKey::FromPem(kKey); }

std::string SignedCheckpoint(uint64_t index, const policy::Sha256& hash) {
  const std::string header =
      absl::WebSafeBase64Escape(absl::StrCat(R"({"alg":"EdDSA","kid":")", Key().verifying().id(), R"("})"));
  const std::string payload = absl::WebSafeBase64Escape(
      absl::StrCat(R"({"schema":"assent.v1.AuditCheckpoint","epoch":1,"index":)", index, R"(,"hash":")",
                   absl::BytesToHexString(policy::BytesOf(hash)), R"(","time_us":5})"));
  return absl::StrCat(R"({"payload":")", payload, R"(","protected":")", header, R"(","signature":")",
                      absl::WebSafeBase64Escape(Key().Sign(absl::StrCat(header, ".", payload))), R"("})");
}

// Chains the entries as they are, and signs their end.
std::vector<std::string> Export(std::vector<AuditLine> entries) {
  std::vector<std::string> lines;
  policy::Sha256 hash = {};
  for (AuditLine& line : entries) {
    hash = policy::ChainHash(hash, policy::CanonicalBytes(line.entry));
    line.hash = hash;
    lines.push_back(RenderAuditLine(line));
  }
  lines.push_back(RenderCheckpointLine(SignedCheckpoint(entries.size(), hash)));
  return lines;
}

std::vector<AuditLine> EntriesFor(size_t count) {
  std::vector<AuditLine> entries(count);
  for (size_t i = 0; i < count; ++i) {
    AuditLine& line = entries[i];
    if (i % 5 == 0) line.opening = absl::StrCat("opening ", i);
    line.entry = {.index = i + 1,
                  .time_us = 1'700'000'000'000'000 + static_cast<int64_t>(i),
                  .kind = i % 5 == 0 ? 40u : 1u + static_cast<uint32_t>(i % 3),
                  .commitment = policy::CommitmentTo(absl::StrCat("opening ", i)),
                  .actor = i % 2 == 0 ? "spiffe://example.org/cmp" : "assentd"};
  }
  return entries;
}

bool FullScaleAsked() {
  const char* const value = std::getenv("ASSENT_FULL_SCALE");
  return value != nullptr && std::strcmp(value, "1") == 0;
}

class AuditVerifierTest : public testing::Test {
 protected:
  AuditVerifierTest() {
    const char* const path = std::getenv("ASSENT_AUDIT_EXPORT");
    if (path != nullptr) {
      Read(path);
    } else {
      lines = Export(EntriesFor(FullScaleAsked() ? 1000 : 40));
    }
    AuditVerifier verifier(key);
    for (const std::string& line : lines) {
      before.push_back(verifier);
      const absl::Status added = verifier.Add(line);
      EXPECT_TRUE(added.ok()) << line << added;
    }
    EXPECT_TRUE(verifier.Finish().ok());
    latest = verifier.checkpoint();
  }
  void Read(const std::string& path) {
    const std::string text = *ReadTextFile(path);
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = text.find('\n', begin) + 1;
      lines.push_back(text.substr(begin, end - begin));
      begin = end;
    }
    key = *policy::VerifyingKey::FromPem(*ReadTextFile(std::getenv("ASSENT_AUDIT_KEY")));
  }
  // Whether anything is wrong with the export whose lines from `first` on up to `next` are `text` instead. The verifier
  // goes line by line, so what stands in front need not be verified again.
  bool Found(size_t first, std::string text, size_t next) const {
    AuditVerifier verifier = before[first];
    while (next < lines.size() && (text.empty() || text.back() != '\n')) text += lines[next++];
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
      if (!verifier.Add(absl::string_view(text).substr(begin, end - begin)).ok()) return true;
      begin = end;
    }
    for (; next < lines.size(); ++next) {
      if (!verifier.Add(lines[next]).ok()) return true;
    }
    return !verifier.Finish().ok();
  }
  size_t Bytes() const {
    size_t bytes = 0;
    for (const std::string& line : lines) bytes += line.size();
    return bytes;
  }

  policy::VerifyingKey key = Key().verifying();
  std::vector<std::string> lines;
  std::vector<AuditVerifier> before;  // each line
  CheckpointFacts latest;
};

TEST_F(AuditVerifierTest, EveryChangedByteIsFound) {
  size_t edits = 0;
  size_t unseen = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    for (size_t at = 0; at < lines[i].size(); ++at) {
      std::string changed = lines[i];
      const auto look = [&] {
        ++edits;
        if (Found(i, changed, i + 1)) return;
        ADD_FAILURE() << "line " << i + 1 << ": " << changed;
        ++unseen;
      };
      for (int bit = 0; bit < 8; ++bit) {
        changed[at] = static_cast<char>(lines[i][at] ^ (1 << bit));
        look();
      }
      for (const char other : {'\n', ' ', '0'}) {
        if (lines[i][at] == other) continue;
        changed[at] = other;
        look();
      }
      changed = lines[i];
      changed.erase(at, 1);
      look();
      changed = lines[i];
      changed.insert(at, " ");
      look();
      ASSERT_LT(unseen, 10u);
    }
  }
  std::printf("%zu entries, %zu bytes: %zu changes of one byte, %zu unseen\n", lines.size() - 1, Bytes(), edits,
              unseen);
}

TEST_F(AuditVerifierTest, EveryCutTailIsFound) {
  size_t cuts = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    for (size_t size = 0; size < lines[i].size(); ++size) {
      ++cuts;
      ASSERT_TRUE(Found(i, lines[i].substr(0, size), lines.size())) << "line " << i + 1 << ", " << size << " bytes";
    }
  }
  std::printf("%zu cut tails, 0 unseen\n", cuts);
}

TEST_F(AuditVerifierTest, EveryLineThatIsMissingDoubleOrMovedIsFound) {
  size_t moved = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    ASSERT_TRUE(Found(i, "", i + 1)) << "missing " << i + 1;
    ASSERT_TRUE(Found(i, lines[i] + lines[i], i + 1)) << "twice " << i + 1;
    ASSERT_TRUE(Found(i, "\n" + lines[i], i + 1)) << "an empty one";
    ASSERT_TRUE(i + 1 == lines.size() || Found(i, lines[i + 1] + lines[i], i + 2)) << "swapped " << i + 1;
    const size_t other = (7 * i + 3) % (lines.size() - 1);
    ASSERT_TRUE(other == i || Found(i, lines[other], i + 1)) << "put in place of another " << i + 1;
    moved += 5;
  }
  std::printf("%zu lines missing, double or moved, 0 unseen\n", moved);
}

// Who writes the log anew from an entry on, and has no key, has no checkpoint for it.
TEST_F(AuditVerifierTest, ALogThatWasWrittenAnewIsFound) {
  const std::vector<std::string> real = Export(EntriesFor(30));
  for (size_t i = 0; i < 30; ++i) {
    std::vector<AuditLine> entries = EntriesFor(30);
    entries[i].entry.actor = "another";
    std::vector<std::string> forged = Export(entries);
    forged.back() = real.back();
    AuditVerifier verifier(Key().verifying());
    for (size_t line = 0; line < 30; ++line) ASSERT_TRUE(verifier.Add(forged[line]).ok());
    EXPECT_TRUE(absl::IsDataLoss(verifier.Add(forged.back())));
  }
}

// The end is cut off, and an old checkpoint, really signed, put in its place: only who kept a later one can tell.
TEST_F(AuditVerifierTest, AnOldCheckpointInPlaceOfTheEndIsFoundByOneThatWasKept) {
  const std::vector<AuditLine> all = EntriesFor(30);
  const std::vector<std::string> whole = Export(all);
  AuditVerifier reader(Key().verifying());
  for (const std::string& line : whole) ASSERT_TRUE(reader.Add(line).ok());
  for (size_t count = 1; count <= all.size(); ++count) {
    const std::vector<std::string> shorter = Export({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count)});
    AuditVerifier alone(Key().verifying());
    AuditVerifier kept(Key().verifying(), reader.checkpoint());
    for (const std::string& line : shorter) {
      ASSERT_TRUE(alone.Add(line).ok());
      ASSERT_TRUE(kept.Add(line).ok());
    }
    EXPECT_TRUE(alone.Finish().ok());
    EXPECT_EQ(kept.Finish().ok(), count == all.size()) << count;
  }
  // Another history, signed by whoever holds the key, is not the one that was kept.
  std::vector<AuditLine> other = all;
  other[3].entry.actor = "another";
  AuditVerifier kept(Key().verifying(), reader.checkpoint());
  const std::vector<std::string> forged = Export(other);
  for (size_t i = 0; i + 2 < forged.size(); ++i) ASSERT_TRUE(kept.Add(forged[i]).ok());
  EXPECT_TRUE(absl::IsDataLoss(kept.Add(forged[29])));
}

TEST_F(AuditVerifierTest, SaysWhatIsWrong) {
  const std::vector<std::string> real = Export(EntriesFor(3));
  const auto fault = [&](std::initializer_list<std::string> texts) {
    AuditVerifier verifier(Key().verifying());
    for (const std::string& text : texts) {
      if (const absl::Status status = verifier.Add(text); !status.ok()) return std::string(status.message());
    }
    return std::string(verifier.Finish().message());
  };
  EXPECT_NE(fault({real[0], real[2]}).find("entry 3 stands where entry 2 has to"), std::string::npos);
  EXPECT_NE(fault({real[0], "{}\n"}).find("not written as an export writes it"), std::string::npos);
  EXPECT_NE(fault({real[0], real[1]}).find("the end is missing"), std::string::npos);
  EXPECT_NE(fault({real[0], real[3]}).find("the checkpoint is of entry 3"), std::string::npos);
  AuditLine line = *ParseAuditLine(real[0]);
  line.opening = "something else";
  EXPECT_NE(fault({RenderAuditLine(line)}).find("opening"), std::string::npos);
}

}  // namespace
}  // namespace assent::client

#include "storage/model_wire.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>

#include <array>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "assent/internal/v1/model_file.pb.h"
#include "scoring/aggregate.h"
#include "scoring/centroids.h"
#include "scoring/feature_schema.h"

namespace assent::storage {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::io::CodedInputStream;
using internal::v1::AggregateSource;
using internal::v1::FeatureSchema;
using internal::v1::FilterScalarList;
using internal::v1::ModelFile;

// Fields of a card, a feature, a histogram and the file itself, those that this version does not know included; and of
// a filter or a value that it compares with.
constexpr uint64_t kFieldsPerEntryMax = 64;
constexpr uint64_t kFieldsPerFilterMax = 4;
// Bytes of a card, a feature or a histogram, and of what the file has once; the centroids are apart.
constexpr uint64_t kEntryBytesMax = uint64_t{16} << 10;
// Bytes of a filter or a value that it compares with.
constexpr uint64_t kFilterBytesMax = 512;

enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kGroupBegin = 3, kGroupEnd = 4, kFixed32 = 5 };

// Messages of the kinds that repeat, over the whole file.
struct Counts {
  uint64_t segments = 0;
  uint64_t features = 0;
  uint64_t histograms = 0;
  uint64_t filters = 0;
  uint64_t values = 0;
  uint64_t fields = 0;

  uint64_t entries() const { return segments + features + histograms + 1; }
};

absl::Status TooMany(absl::string_view field, uint64_t limit) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": more than ", limit));
}

absl::Status NoMessage() { return absl::DataLossError("the content is not a model"); }

struct Limit {
  const FieldDescriptor* field;
  uint64_t Counts::*count;
  uint64_t most;
  absl::string_view name;
};

const std::array<Limit, 5>& Limits() {
  constexpr uint64_t kAllFiltersMax = uint64_t{scoring::kAggregatesMax} * scoring::kFiltersMax;
  static const std::array<Limit, 5> limits = {{
      {ModelFile::descriptor()->FindFieldByNumber(ModelFile::kSegmentsFieldNumber), &Counts::segments,
       scoring::kCentroidsMax, "segments"},
      {FeatureSchema::descriptor()->FindFieldByNumber(FeatureSchema::kFeaturesFieldNumber), &Counts::features,
       scoring::kFeaturesMax, "schema.features"},
      {ModelFile::descriptor()->FindFieldByNumber(ModelFile::kReferenceHistogramsFieldNumber), &Counts::histograms,
       scoring::kFeaturesMax, "reference_histograms"},
      {AggregateSource::descriptor()->FindFieldByNumber(AggregateSource::kFiltersFieldNumber), &Counts::filters,
       kAllFiltersMax, "filters"},
      {FilterScalarList::descriptor()->FindFieldByNumber(FilterScalarList::kValuesFieldNumber), &Counts::values,
       kAllFiltersMax * scoring::kFilterValuesMax, "values of filters"},
  }};
  return limits;
}

absl::Status Count(const FieldDescriptor* field, Counts& counts) {
  ++counts.fields;
  if (field == nullptr || !field->is_repeated()) return absl::OkStatus();
  for (const Limit& limit : Limits()) {
    if (field == limit.field && ++(counts.*limit.count) > limit.most) return TooMany(limit.name, limit.most);
  }
  return absl::OkStatus();
}

// The depth is that of the message types, which do not nest in themselves. Groups are none of ours: their fields are
// counted like unknown ones beside them.
absl::Status Walk(CodedInputStream& in, const Descriptor& type, Counts& counts) {
  while (const uint32_t tag = in.ReadTag()) {
    const FieldDescriptor* field = type.FindFieldByNumber(static_cast<int>(tag >> 3));
    if (absl::Status status = Count(field, counts); !status.ok()) return status;
    uint64_t number = 0;
    uint32_t length = 0;
    switch (tag & 7) {
      case kVarint:
        if (!in.ReadVarint64(&number)) return NoMessage();
        break;
      case kFixed64:
        if (!in.Skip(8)) return NoMessage();
        break;
      case kFixed32:
        if (!in.Skip(4)) return NoMessage();
        break;
      case kBytes: {
        const int left = in.BytesUntilTotalBytesLimit();
        if (!in.ReadVarint32(&length) || left < 0 || length > static_cast<uint32_t>(left)) return NoMessage();
        if (field == nullptr || field->type() != FieldDescriptor::TYPE_MESSAGE) {
          if (!in.Skip(static_cast<int>(length))) return NoMessage();
          break;
        }
        const CodedInputStream::Limit limit = in.PushLimit(static_cast<int>(length));
        if (absl::Status status = Walk(in, *field->message_type(), counts); !status.ok()) return status;
        if (in.BytesUntilLimit() != 0) return NoMessage();
        in.PopLimit(limit);
        break;
      }
      case kGroupBegin:
      case kGroupEnd:
        break;
      default:
        return NoMessage();
    }
  }
  return in.ConsumedEntireMessage() ? absl::OkStatus() : NoMessage();
}

}  // namespace

absl::Status CheckModelWire(absl::string_view content) {
  CodedInputStream in(reinterpret_cast<const uint8_t*>(content.data()), static_cast<int>(content.size()));
  in.SetTotalBytesLimit(static_cast<int>(content.size()));
  Counts counts;
  if (absl::Status status = Walk(in, *ModelFile::descriptor(), counts); !status.ok()) return status;
  const uint64_t fields_max = kFieldsPerEntryMax * counts.entries() +
                              kFieldsPerFilterMax * (counts.filters + counts.values) +
                              scoring::kFeaturesMax;  // background_mean, unpacked
  if (counts.fields > fields_max) {
    return TooMany(absl::StrCat("fields of ", counts.segments, " segments and ", counts.features, " features"),
                   fields_max);
  }
  const uint64_t bytes_max = 4 * counts.segments * counts.features + kEntryBytesMax * counts.entries() +
                             kFilterBytesMax * (counts.filters + counts.values);
  if (content.size() <= bytes_max) return absl::OkStatus();
  return TooMany(absl::StrCat("bytes of ", counts.segments, " segments of ", counts.features, " features"), bytes_max);
}

}  // namespace assent::storage

#include "service/cli/importer.h"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/synchronization/mutex.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "service/cli/joins.h"
#include "service/cli/mapping.h"
#include "service/cli/merge.h"
#include "service/cli/row_reader.h"

namespace waymark::cli {
namespace {

namespace pb = playbook::v1;

// What one source said so far.
struct Taken {
  absl::flat_hash_map<std::string, uint64_t> said;  // the fingerprint of each customer's last profile
  EventMerger merger;
};

uint64_t Fingerprint(const v1::Profile& profile) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);  // maps have no order
    profile.SerializeToCodedStream(&coded);
  }
  return absl::HashOf(bytes);
}

// One run over a mapping's sources. The reading thread is the caller's; the sender has its own.
class Import {
 public:
  Import(const pb::ImportMapping& mapping, const ImportTarget& target, const ImportOptions& options)
      : mapping_(mapping),
        options_(options),
        sender_(target, options.sender, [this](auto file, int line, auto reason) { Tell(file, line, reason); }) {}

  absl::StatusOr<ImportSummary> Run() {
    for (int i = 0; i < mapping_.sources_size(); ++i) {
      absl::Status status = ReadSource(i);
      if (!status.ok()) return status;
    }
    absl::Status status = sender_.Finish();
    if (!status.ok()) return status;
    const Sender::Counts sent = sender_.counts();
    summary_.customers = static_cast<int64_t>(known_.size());
    summary_.recorded = sent.recorded;
    summary_.duplicates = sent.duplicates;
    summary_.refused += sent.refused;
    return summary_;
  }

 private:
  absl::Status ReadSource(int index) {
    const pb::Source& source = mapping_.sources(index);
    const LineConverter converter(mapping_, source);
    std::vector<JoinTable> joins;
    for (const pb::Join& join : source.joins()) {
      absl::StatusOr<JoinTable> table = JoinTable::Load(options_.folder, join);
      if (!table.ok()) return table.status();
      joins.push_back(*std::move(table));
    }
    absl::StatusOr<std::unique_ptr<RowReader>> reader =
        OpenRows(options_.folder, source.file(), source.format(), source.delimiter(), converter.own_columns());
    if (!reader.ok()) return reader.status();
    Taken taken;
    Row row;
    while (true) {
      absl::StatusOr<bool> any = (*reader)->Next(row);
      if (!any.ok()) return any.status();
      if (!*any) break;
      for (size_t i = 0; row.refusal.empty() && i < joins.size(); ++i) {
        joins[i].Append(row.cells[converter.key_column(static_cast<int>(i))], row.cells);
      }
      absl::Status status = TakeRow(source.file(), converter, row, taken);
      if (!status.ok()) return status;
      ++summary_.lines;
      const double sources = mapping_.sources_size();
      if (options_.progress) options_.progress({summary_.lines, (index + (*reader)->fraction()) / sources});
    }
    for (Work& work : taken.merger.Take()) {
      absl::Status status = sender_.Add(std::move(work));
      if (!status.ok()) return status;
    }
    for (auto& [customer, unused] : taken.said) known_.insert(customer);
    return absl::OkStatus();
  }

  absl::Status TakeRow(const std::string& file, const LineConverter& converter, const Row& row, Taken& taken) {
    if (!row.refusal.empty()) return Refuse(file, row.line, row.refusal);
    Conversion conversion = converter.Convert(row.cells, row.line,
                                              [this](absl::string_view customer) { return known_.contains(customer); });
    switch (conversion.kind) {
      case Conversion::Kind::kRefused:
        return Refuse(file, row.line, conversion.reason);
      case Conversion::Kind::kSkipped:
        ++summary_.skipped;
        return absl::OkStatus();
      case Conversion::Kind::kConverted:
        break;
    }
    if (conversion.profile.has_value()) {
      const uint64_t says = Fingerprint(*conversion.profile);
      auto [said, first] = taken.said.try_emplace(conversion.customer, says);
      if (!first && said->second == says) conversion.profile.reset();
      said->second = says;
    }
    for (v1::Event& part : conversion.parts) {
      const std::string problem = taken.merger.Add(file, row.line, conversion.customer, std::move(part));
      if (!problem.empty()) return Refuse(file, row.line, problem);
    }
    if (!conversion.profile.has_value() && conversion.events.empty()) return absl::OkStatus();
    return sender_.Add(
        {file, row.line, std::move(conversion.customer), std::move(conversion.profile), std::move(conversion.events)});
  }

  absl::Status Refuse(absl::string_view file, int line, absl::string_view reason) {
    ++summary_.refused;
    Tell(file, line, reason);
    return absl::OkStatus();
  }

  void Tell(absl::string_view file, int line, absl::string_view reason) {
    absl::MutexLock lock(&telling_);
    if (options_.refused) options_.refused(file, line, reason);
  }

  const pb::ImportMapping& mapping_;
  const ImportOptions& options_;
  absl::Mutex telling_;
  absl::flat_hash_set<std::string> known_;
  ImportSummary summary_;
  Sender sender_;  // last: its threads tell of refusals
};

}  // namespace

absl::StatusOr<ImportSummary> RunImport(const pb::ImportMapping& mapping, const ImportTarget& target,
                                        const ImportOptions& options) {
  return Import(mapping, target, options).Run();
}

}  // namespace waymark::cli

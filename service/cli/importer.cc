#include "service/cli/importer.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "service/cli/joins.h"
#include "service/cli/mapping.h"
#include "service/cli/row_reader.h"

namespace waymark::cli {
namespace {

namespace pb = playbook::v1;

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
    absl::flat_hash_set<std::string> named;  // by this source: known to those after it
    Row row;
    while (true) {
      absl::StatusOr<bool> any = (*reader)->Next(row);
      if (!any.ok()) return any.status();
      if (!*any) break;
      for (size_t i = 0; row.refusal.empty() && i < joins.size(); ++i) {
        joins[i].Append(row.cells[converter.key_column(static_cast<int>(i))], row.cells);
      }
      absl::Status status = TakeRow(source.file(), converter, row, named);
      if (!status.ok()) return status;
      ++summary_.lines;
      const double sources = mapping_.sources_size();
      if (options_.progress) options_.progress({summary_.lines, (index + (*reader)->fraction()) / sources});
    }
    known_.merge(named);
    return absl::OkStatus();
  }

  absl::Status TakeRow(const std::string& file, const LineConverter& converter, const Row& row,
                       absl::flat_hash_set<std::string>& named) {
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
    if (converter.names_customers()) named.insert(conversion.customer);
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

#include "service/playbook/compare.h"

#include <map>
#include <utility>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/message_differencer.h"
#include "service/playbook/yaml_reader.h"
#include "waymark/playbook/v1/playbook.pb.h"

namespace waymark::playbook {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;

// Whether a field has the same value in both.
bool SameField(const Message& a, const Message& b, const FieldDescriptor* field) {
  MessageDifferencer differencer;
  return differencer.CompareWithFields(a, b, {field}, {field});
}

std::vector<std::string> ChangedFields(const Message& before, const Message& after) {
  std::vector<std::string> changed;
  const auto* descriptor = before.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    if (!SameField(before, after, descriptor->field(i))) changed.push_back(descriptor->field(i)->name());
  }
  return changed;
}

using ByName = std::map<std::string, const Message*>;

ByName ElementsOf(const Message& message, const FieldDescriptor* list) {
  ByName elements;
  const FieldDescriptor* name = list->message_type()->FindFieldByName("name");
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < reflection->FieldSize(message, list); ++i) {
    const Message& element = reflection->GetRepeatedMessage(message, list, i);
    elements.insert({element.GetReflection()->GetString(element, name), &element});
  }
  return elements;
}

void CompareLists(const std::string& list, const ByName& before, const ByName& after, std::vector<Difference>& out) {
  std::map<std::string, std::pair<const Message*, const Message*>> both;
  for (const auto& [name, element] : before) both[name].first = element;
  for (const auto& [name, element] : after) both[name].second = element;
  for (const auto& [name, pair] : both) {
    if (pair.first == nullptr) {
      out.push_back({DifferenceKind::kAdded, list, name, {}});
    } else if (pair.second == nullptr) {
      out.push_back({DifferenceKind::kRemoved, list, name, {}});
    } else if (auto fields = ChangedFields(*pair.first, *pair.second); !fields.empty()) {
      out.push_back({DifferenceKind::kChanged, list, name, std::move(fields)});
    }
  }
}

}  // namespace

std::vector<Difference> ComparePlaybooks(absl::string_view before, absl::string_view after) {
  v1::Playbook a, b;
  ReadYaml(before, a);
  ReadYaml(after, b);
  std::vector<Difference> differences;
  const auto* descriptor = v1::Playbook::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    if (field->is_repeated() && field->message_type() != nullptr) {
      CompareLists(field->name(), ElementsOf(a, field), ElementsOf(b, field), differences);
    } else if (!SameField(a, b, field)) {
      differences.push_back({DifferenceKind::kChanged, field->name(), "", {}});
    }
  }
  return differences;
}

}  // namespace waymark::playbook

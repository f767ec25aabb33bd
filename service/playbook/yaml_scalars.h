#ifndef WAYMARK_SERVICE_PLAYBOOK_YAML_SCALARS_H_
#define WAYMARK_SERVICE_PLAYBOOK_YAML_SCALARS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "service/playbook/yaml_tree.h"

// The YAML reader's scalars: one written value into one field, or the words for what is wrong with it. Only the reader
// includes it.
namespace waymark::playbook::yaml {

// A word of the author's for a message: quoted, cut where it is long.
std::string Quoted(absl::string_view word);

// What a value is, where another was expected.
std::string Describe(const Node& node);

// Whether the field is a message that is written as a scalar: a duration or a timestamp. REQUIRES: it is a message.
bool IsScalarMessage(const google::protobuf::FieldDescriptor& field);

// A sub-message to fill: the singular one, or a new element.
google::protobuf::Message& Child(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field);

// Reads one scalar into the field; the message of the problem, or "".
std::string PutScalar(const Node& node, google::protobuf::Message& message,
                      const google::protobuf::FieldDescriptor& field);

}  // namespace waymark::playbook::yaml

#endif  // WAYMARK_SERVICE_PLAYBOOK_YAML_SCALARS_H_

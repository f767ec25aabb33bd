#include "service/rpc/methods.h"

#include <google/protobuf/descriptor.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace waymark::rpc {

int Methods::Name(const google::protobuf::Descriptor& request, const google::protobuf::Descriptor& response,
                  bool stream) {
  const google::protobuf::FileDescriptor& file = *request.file();
  std::string name = request.full_name();  // where no method of that file has these messages
  for (int i = 0; i < file.service_count(); ++i) {
    const google::protobuf::ServiceDescriptor& service = *file.service(i);
    for (int j = 0; j < service.method_count(); ++j) {
      const google::protobuf::MethodDescriptor& method = *service.method(j);
      if (method.input_type() != &request || method.output_type() != &response || method.server_streaming() != stream) {
        continue;
      }
      name = absl::StrCat(service.full_name(), "/", method.name());
    }
  }
  served_.push_back({std::move(name), stream});
  return static_cast<int>(served_.size()) - 1;
}

}  // namespace waymark::rpc

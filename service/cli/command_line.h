#ifndef WAYMARK_SERVICE_CLI_COMMAND_LINE_H_
#define WAYMARK_SERVICE_CLI_COMMAND_LINE_H_

#include <iosfwd>
#include <string>
#include <vector>

namespace waymark::cli {

// Runs the command `waymark` with `arguments` (without the program's name) and gives its exit code.
int RunWaymark(std::vector<std::string> arguments, std::istream& in, std::ostream& out, std::ostream& err,
               bool err_is_terminal);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_COMMAND_LINE_H_

#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "service/cli/command_line.h"

// The command `waymark`.
int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  return waymark::cli::RunWaymark(std::vector<std::string>(argv + 1, argv + argc), std::cin, std::cout, std::cerr,
                                  isatty(STDERR_FILENO) != 0);
}

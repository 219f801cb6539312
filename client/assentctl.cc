#include <unistd.h>

#include <iostream>

#include "client/commands.h"

int main(int argc, char** argv) {
  return assent::client::RunAssentctl(argc, argv, std::cout, std::cerr, isatty(2) == 1);
}

#include "coppice/lab/engine_world.hpp"

#include <iostream>

// Prints the trace that a scenario leaves in the engine world.
int main(int argc, char** argv) {
  using namespace coppice::lab;
  if (argc != 2)
    return 2;
  auto plan = load_scenario(argv[1]);
  if (auto* err = std::get_if<scenario_error>(&plan)) {
    std::cerr << to_string(*err) << "\n";
    return 1;
  }
  std::cout << to_text(to_trace(play(std::get<scenario>(plan))));
}

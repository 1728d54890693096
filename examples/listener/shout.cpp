// A protocol of your own: sends back what it gets, in capitals.

#include <coppice/server.hpp>

#include <algorithm>
#include <cctype>
#include <string>

struct shout : coppice::handler {
  void on_data(coppice::connection& self, std::string_view data) override {
    std::string text{data};
    std::ranges::transform(text, text.begin(), [](unsigned char c) {
      return static_cast<char>(std::toupper(c));
    });
    self.write(text);
  }

  void on_drain(coppice::connection& self) override {
    self.write("WE ARE ABOUT TO CLOSE\n");
  }
};

int main(int argc, char** argv) {
  return coppice::server{
    {.name = "shout", .port = 7000, .handler = coppice::handled_by<shout>()}}
    .run(argc, argv);
}

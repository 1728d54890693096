// A supervised echo server: hello [PORT]; hello --help says more.

#include <coppice/server.hpp>

int main(int argc, char** argv) {
  auto echo = [](coppice::connection& self, std::string_view data) {
    self.write(data);
  };
  return coppice::server{
    {.name = "hello", .port = 7000, .handler = coppice::handled_by(echo)}}
    .run(argc, argv);
}

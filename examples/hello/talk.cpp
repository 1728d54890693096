// The same as a coroutine, which greets and says goodbye.

#include <coppice/server.hpp>

coppice::task talk(coppice::stream self) {
  co_await self.write("hello\n");
  while (auto line = co_await self.read_line())
    co_await self.write(*line);
  co_await self.write("goodbye\n");
}

int main(int argc, char** argv) {
  return coppice::server{
    {.name = "talk", .port = 7000, .handler = coppice::handled_by(talk)}}
    .run(argc, argv);
}

#include "server/server_process.hpp"

namespace quartet {

server_process::server_process(server_options const& options)
    : process_([&](auto const& listening) {
          server served(options);
          listening(served.port(), served.url());
          served.run();
      }) {}

}  // namespace quartet

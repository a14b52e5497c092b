// PORT=… node bench/peers/socketio/server.js
import { createServer } from "node:http";
import { Server } from "socket.io";

const server = createServer((_request, response) => response.end("ok"));
const io = new Server(server);

io.on("connection", (socket) => {
  socket.join("lobby");
  socket.on("chat message", (message) => io.to("lobby").emit("chat message", message));
});

server.listen(Number(process.env.PORT), "127.0.0.1");

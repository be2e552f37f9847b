// What a proxy is compared with: an echo and a relay on Deno's own WebSockets, nothing between.

let left: WebSocket | undefined;
let right: WebSocket | undefined;

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(port),
}, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  switch (new URL(request.url).pathname) {
    case "/echo":
      socket.onmessage = ({ data }) => socket.send(data);
      break;
    case "/left":
      left = socket;
      socket.onmessage = ({ data }) => right?.send(data);
      break;
    case "/right":
      right = socket;
      socket.onmessage = ({ data }) => left?.send(data);
      break;
  }
  return response;
});

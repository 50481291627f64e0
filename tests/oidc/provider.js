// An OpenID provider for tests. It prints its issuer, and vouches for whatever it is asked to: `claims` of a token request are
// JSON that goes into the token. POST /rotate publishes a new key in place of the one before. It ends with its input.

import { OAuth2Server } from "oauth2-mock-server";

let server;

async function start(port, algorithm) {
  server = new OAuth2Server();
  await server.issuer.keys.generate(algorithm);
  server.service.on("beforeTokenSigning", (token, request) => {
    Object.assign(token.payload, JSON.parse(request.body.claims ?? "{}"));
  });
  server.service.requestHandler.post("/rotate", (_, response) => {
    const same = server.address().port;
    response.on("finish", async () => {
      await server.stop();
      await start(same, "ES256");
    });
    response.set("connection", "close").status(204).end();
  });
  await server.start(port, "localhost");
}

await start(0, "RS256");
console.log(server.issuer.url);
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));

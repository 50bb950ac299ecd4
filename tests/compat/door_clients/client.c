/*
 * The official C client at the doors of a server: each case connects in its own
 * way, and prints "ok NAME" or "failed NAME: why". It has no WebSockets.
 */
#include <nats/nats.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 10000
#define LONG_BYTES 200000

static natsStatus use(natsConnection *nc) {
  natsSubscription *sub = NULL;
  natsMsg *msg = NULL;
  char *body = malloc(LONG_BYTES);
  memset(body, 'x', LONG_BYTES);
  natsStatus s = natsConnection_SubscribeSync(&sub, nc, "door.a");
  for (int size = 5; s == NATS_OK && size <= LONG_BYTES; size += LONG_BYTES - 5) {
    s = natsConnection_Publish(nc, "door.a", body, size);
    if (s == NATS_OK) s = natsSubscription_NextMsg(&msg, sub, WAIT_MS);
    if (s == NATS_OK && (natsMsg_GetDataLength(msg) != size ||
                         memcmp(natsMsg_GetData(msg), body, size) != 0))
      s = NATS_ERR;
    natsMsg_Destroy(msg);
    msg = NULL;
  }
  natsSubscription_Destroy(sub);
  free(body);
  return s;
}

static natsStatus connects(const char *url, const char *ca, bool shows, const char *host) {
  natsOptions *opts = NULL;
  natsConnection *nc = NULL;
  natsStatus s = natsOptions_Create(&opts);
  if (s == NATS_OK) s = natsOptions_SetURL(opts, url);
  if (s == NATS_OK) s = natsOptions_SetTimeout(opts, WAIT_MS);
  if (s == NATS_OK) s = natsOptions_SetAllowReconnect(opts, false);
  if (s == NATS_OK) s = natsOptions_SetSecure(opts, true);
  if (s == NATS_OK) s = natsOptions_LoadCATrustedCertificates(opts, ca);
  if (s == NATS_OK && shows)
    s = natsOptions_LoadCertificatesChain(opts, getenv("CERT"), getenv("KEY"));
  if (s == NATS_OK) s = natsOptions_SetExpectedHostname(opts, host);
  if (s == NATS_OK) s = natsConnection_Connect(&nc, opts);
  if (s == NATS_OK) s = use(nc);
  natsConnection_Destroy(nc);
  natsOptions_Destroy(opts);
  return s;
}

static void tell(const char *name, natsStatus s, bool isToFail) {
  if ((s != NATS_OK) == isToFail) printf("ok %s\n", name);
  else printf("failed %s: %s\n", name, isToFail ? "it was let in" : natsStatus_GetText(s));
}

int main(void) {
  const char *tls = getenv("TLS"), *verify = getenv("VERIFY"), *automatic = getenv("AUTO");
  const char *ca = getenv("CA"), *stranger = getenv("STRANGER");
  nats_Open(-1);
  tell("TLS", connects(tls, ca, false, "localhost"), false);
  tell("TLS, another name", connects(tls, ca, false, "elsewhere.test"), true);
  tell("TLS, another authority", connects(tls, stranger, false, "localhost"), true);
  tell("certificates", connects(verify, ca, true, "localhost"), false);
  tell("certificates, none", connects(verify, ca, false, "localhost"), true);
  tell("handshake first or not, not", connects(automatic, ca, false, "localhost"), false);
  nats_Close();
  return 0;
}

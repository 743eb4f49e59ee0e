/* Reporting a handshake to the asker and the log: see handshake.h. */
#include "base/encode.h"
#include "base/log.h"
#include "base/record.h"
#include "client.h"
#include "handshake.h"
#include "os/sock.h"

static void
success_tell(struct handshake *h, int plain, struct logline *l)
{
	struct str record = STR_INIT, hex = STR_INIT, cert = STR_INIT;
	struct tls *tls = h->wire.tls;
	const char *protocol = tls_conn_version(tls);
	const char *cipher = tls_conn_cipher(tls);
	const char *alpn = tls_conn_alpn_selected(tls);
	const struct credentials *own = &h->pair->own;

	hex_encode(&hex,
	    (struct span){ (const char *)own->binding, own->binding_len });
	client_subject(tls, h->certs->clients, &cert);
	record_verb(&record, "ok");
	record_add_text(&record, "protocol", protocol);
	record_add_text(&record, "cipher", cipher);
	log_text(l, "protocol", protocol);
	log_text(l, "cipher", cipher);
	if (h->sni.len > 0)
		record_add(&record, "sni", str_span(&h->sni));
	if (alpn != NULL) {
		record_add_text(&record, "alpn", alpn);
		log_text(l, "alpn", alpn);
	}
	record_add(&record, "binding", str_span(&hex));
	if (cert.len > 0) {
		record_add(&record, "cert", str_span(&cert));
		log_span(l, "cert", str_span(&cert));
	}
	log_number(l, "resumed", tls_conn_session_resumed(tls));
	sock_send(h->asker, str_span(&record), &plain, 1);
	str_free(&record);
	str_free(&hex);
	str_free(&cert);
}

static void
failure_tell(struct handshake *h, struct logline *l)
{
	struct str record = STR_INIT;

	record_verb(&record, "fail");
	record_add(&record, "reason", str_span(&h->reason));
	sock_send(h->asker, str_span(&record), NULL, 0);
	log_span(l, "reason", str_span(&h->reason));
	str_free(&record);
}

void
handshake_answer(struct handshake *h, int plain)
{
	struct logline l;

	log_start(&l, "handshake");
	if (plain < 0)
		log_level(&l, LEVEL_NOTICE);
	if (h->conn.len > 0)
		log_span(&l, "conn", str_span(&h->conn));
	log_text(&l, "result", plain < 0 ? "fail" : "ok");
	log_span(&l, "client", str_span(&h->peer));
	log_span(&l, "service", str_span(&h->service));
	if (h->sni.len > 0)
		log_span(&l, "sni", str_span(&h->sni));
	if (plain < 0)
		failure_tell(h, &l);
	else
		success_tell(h, plain, &l);
	log_write(&l);
}

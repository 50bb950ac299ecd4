// The official Go client at the doors of a server: each case connects in its
// own way, and prints "ok NAME" or "failed NAME: why". What the environment
// has no URL for is left out.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats.go"
)

const wait = 10 * time.Second

// Round trips of a short and a long message, and a request.
func use(nc *nats.Conn) error {
	sub, err := nc.SubscribeSync("door.>")
	if err != nil {
		return err
	}
	long := bytes.Repeat([]byte("long "), 40_000)
	for _, body := range [][]byte{[]byte("short"), long} {
		if err := nc.Publish("door.a", body); err != nil {
			return err
		}
		msg, err := sub.NextMsg(wait)
		if err != nil {
			return err
		}
		if !bytes.Equal(msg.Data, body) {
			return errors.New("another message came")
		}
	}
	if err := sub.Unsubscribe(); err != nil {
		return err
	}
	echo := nats.NewInbox()
	if _, err := nc.Subscribe(echo, func(m *nats.Msg) { m.Respond(m.Data) }); err != nil {
		return err
	}
	msg, err := nc.Request(echo, []byte("echo"), wait)
	if err == nil && string(msg.Data) != "echo" {
		err = errors.New("another answer came")
	}
	return err
}

func connects(url string, opts ...nats.Option) error {
	opts = append(opts, nats.Timeout(wait), nats.NoReconnect())
	nc, err := nats.Connect(url, opts...)
	if err != nil {
		return err
	}
	defer nc.Close()
	return use(nc)
}

func fails(url string, opts ...nats.Option) error {
	if connects(url, opts...) == nil {
		return errors.New("it was let in")
	}
	return nil
}

// A connection that is cut comes back by the same door.
func comesBack(url string, opts ...nats.Option) error {
	back := make(chan struct{}, 1)
	opts = append(opts,
		nats.Timeout(wait),
		nats.ReconnectWait(10*time.Millisecond),
		nats.ReconnectHandler(func(*nats.Conn) { back <- struct{}{} }))
	nc, err := nats.Connect(url, opts...)
	if err != nil {
		return err
	}
	defer nc.Close()
	if err := nc.ForceReconnect(); err != nil {
		return err
	}
	select {
	case <-back:
		return use(nc)
	case <-time.After(wait):
		return errors.New("it did not come back")
	}
}

func main() {
	ca := nats.RootCAs(os.Getenv("CA"))
	stranger := nats.RootCAs(os.Getenv("STRANGER"))
	cert := nats.ClientCert(os.Getenv("CERT"), os.Getenv("KEY"))
	first := nats.TLSHandshakeFirst()
	url := func(name string) string { return os.Getenv(name) }
	withVersion := func(version uint16) nats.Option {
		pem, _ := os.ReadFile(os.Getenv("CA"))
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		return nats.Secure(&tls.Config{RootCAs: pool, MinVersion: version, MaxVersion: version})
	}
	cases := []struct {
		name, url string
		run       func(string) error
	}{
		{"TLS", url("TLS"), func(u string) error { return connects(u, ca) }},
		{"TLS 1.2", url("TLS"), func(u string) error { return connects(u, withVersion(tls.VersionTLS12)) }},
		{"TLS 1.3", url("TLS"), func(u string) error { return connects(u, withVersion(tls.VersionTLS13)) }},
		{"TLS, another authority", url("TLS"), func(u string) error { return fails(u, stranger) }},
		{"TLS, back again", url("TLS"), func(u string) error { return comesBack(u, ca) }},
		{"TLS, no such handshake", url("TLS"), func(u string) error { return fails(u, ca, first) }},
		{"certificates", url("VERIFY"), func(u string) error { return connects(u, ca, cert) }},
		{"certificates, none", url("VERIFY"), func(u string) error { return fails(u, ca) }},
		{"handshake first", url("FIRST"), func(u string) error { return connects(u, ca, first) }},
		{"handshake first, back again", url("FIRST"), func(u string) error { return comesBack(u, ca, first) }},
		{"handshake first, not done", url("FIRST"), func(u string) error { return fails(u, ca) }},
		{"handshake first or not", url("AUTO"), func(u string) error { return connects(u, ca, first) }},
		{"handshake first or not, not", url("AUTO"), func(u string) error { return connects(u, ca) }},
		{"ws", url("WS"), func(u string) error { return connects(u) }},
		{"ws, a path of a proxy", url("WS"), func(u string) error { return connects(u, nats.ProxyPath("/some/path")) }},
		{"ws, compression", url("WS"), func(u string) error { return connects(u, nats.Compression(true)) }},
		{"ws, back again", url("WS"), func(u string) error { return comesBack(u, nats.Compression(true)) }},
		{"wss", url("WSS"), func(u string) error { return connects(u, ca) }},
		{"wss, compression", url("WSS"), func(u string) error { return connects(u, ca, nats.Compression(true)) }},
		{"wss, another authority", url("WSS"), func(u string) error { return fails(u, stranger) }},
		{"wss, back again", url("WSS"), func(u string) error { return comesBack(u, ca) }},
	}
	for _, one := range cases {
		if one.url == "" {
			continue
		}
		if err := one.run(one.url); err != nil {
			fmt.Printf("failed %s: %v\n", one.name, err)
		} else {
			fmt.Printf("ok %s\n", one.name)
		}
	}
}

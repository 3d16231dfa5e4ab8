package notify

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// permitted refuses an address that nothing may be sent to, since its host is not among these. What it says does not hold the address,
// which may be a secret: of a webhook everything behind the host is.
func permitted(address string, hosts []string) error {
	parsed, err := url.Parse(address)
	switch {
	case err != nil || parsed.Hostname() == "":
		return errors.New("it is not an address")
	case parsed.Scheme != "https":
		return errors.New("it does not begin with https://")
	case parsed.User != nil:
		return errors.New("it holds a user's name")
	case !listed443(parsed, hosts):
		return fmt.Errorf("the host %s is neither Slack's nor in notify.hosts", parsed.Host)
	}
	return nil
}

// listed443 tells whether a list has the address's host, with its port unless that is 443.
func listed443(address *url.URL, hosts []string) bool {
	host := strings.ToLower(address.Host)
	if address.Port() == "443" {
		host = strings.TrimSuffix(host, ":443")
	}
	return slices.ContainsFunc(hosts, func(one string) bool { return strings.TrimSuffix(one, ":443") == host })
}

// named tells whether notify.hosts names a host itself, whatever the port: then it may be a private one.
func named(host string, hosts []string) bool {
	return slices.ContainsFunc(hosts, func(one string) bool {
		if address, err := netip.ParseAddrPort(one); err == nil {
			return address.Addr().String() == host
		}
		name, _, _ := strings.Cut(one, ":")
		return one == host || name == host
	})
}

// shared are networks that are as private as those that Go calls so: that of carriers, of tests and of
// translations between them.
var shared = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"),
}

// metadata are addresses by which anybody inside gets credentials; no chat is there, whatever a file says.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint.html
var metadata = []netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("fd00:ec2::/32"),
}

// reachable refuses the address that a host's name led to. private says that the file names the host.
func reachable(address netip.Addr, private bool) error {
	address = address.Unmap().WithZone("")
	within := func(networks []netip.Prefix) bool {
		return slices.ContainsFunc(networks, func(network netip.Prefix) bool { return network.Contains(address) })
	}
	switch {
	case within(metadata):
		return errors.New("the host leads to an address of the machine's own services")
	case address.IsUnspecified() || address.IsMulticast():
		return errors.New("the host leads to no single machine")
	case !private && (address.IsPrivate() || address.IsLoopback() || within(shared)):
		return errors.New("the host leads to a private address, and notify.hosts does not name it")
	}
	return nil
}

"""Which addresses are the public Internet's, and so anybody's to reach."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

__all__ = ["Address", "is_public", "parsed"]

Address = IPv4Address | IPv6Address

# The only range that global unicast addresses are given out of (RFC 4291, 2.4). What is outside is
# not public, whatever the `ipaddress` of this Python release knows of it: local NAT64, SRv6, …
UNICAST = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")

# Missing in the tables of some supported Python releases: protocol assignments (anycast to the next
# router among them), 6to4 relays, AS112 sinks, the second documentation range.
NOT_PUBLIC_4 = tuple(
    map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "192.31.196.0/24", "192.175.48.0/24"))
)
NOT_PUBLIC_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))


def parsed(text: str) -> Address | None:
    """What a resolver gave as text, or `None` if that is no address."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Decided on the IPv4 address that an IPv6 one stands for, where it stands for one."""
    if isinstance(address, IPv6Address):
        embedded = _embedded(address)
        if embedded is None:
            return (
                address in UNICAST
                and address.is_global
                and not any(address in network for network in NOT_PUBLIC_6)
            )
        address = embedded
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in NOT_PUBLIC_4)
    )


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """Of an IPv4-mapped, a 6to4 or a NAT64 address. Teredo's are never public: `2001::/23`."""
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour

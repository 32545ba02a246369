# SPDX-License-Identifier: BSD-2-Clause
"""
captures_wire.py - captures that test the layers below TCP: link types, tags, tunnels, IP, file formats.
"""
import functools

from corpus import formats, headers
from corpus.connection import CLIENT, SERVER, Capture, text
from corpus.table import capture

V6 = {"client": ("2001:db8::1", 1000), "server": ("2001:db8::2", 80)}


def talk(dress=headers.ethernet, link=1, **ends):
    """One ordinary connection, each packet wrapped by @dress."""
    shown = Capture(dress, link)
    shown.connection(**ends).talk()
    return shown


def ethernet_over(tunnel):
    """An outer Ethernet frame around the result of @tunnel for a packet."""
    return lambda packet: headers.ethernet(tunnel(packet))


def add_talks(folder, dresses):
    for name, (dress, *rest) in dresses.items():
        capture(f"{folder}/{name}")(functools.partial(talk, dress, *rest))


# ---- link types ----

add_talks("link", {
    "ethernet": (headers.ethernet,),
    "null-little-endian": (functools.partial(headers.family, "<"), 0),
    "null-big-endian": (functools.partial(headers.family, ">"), 0),
    "loop": (functools.partial(headers.family, "!"), 108),
    "ppp": (headers.ppp, 9),
    "ppp-serial": (lambda packet: b"\xff\x03" + headers.ppp(packet), 50),
    "raw-12": (bytes, 12),
    "raw-14": (bytes, 14),
    "raw-101": (bytes, 101),
    "ipv4-228": (bytes, 228),
    "sll": (headers.sll, 113),
    "sll2": (headers.sll2, 276),
    "cisco-hdlc": (headers.cisco_hdlc, 104),
    "cisco-hdlc-in-ppp": (headers.cisco_hdlc, 50),
    "ppp-pppd": (lambda packet: b"\x01\x03" + headers.ppp(packet), 166),
    "ppp-with-direction": (lambda packet: b"\x01\xff\x03" + headers.ppp(packet), 204),
    "pppoe": (lambda packet: headers.pppoe(packet)[14:], 51),
    "nflog-little-endian": (functools.partial(headers.nflog, "<"), 239),
    "nflog-big-endian": (functools.partial(headers.nflog, ">"), 239),
    "wireless": (headers.wireless, 105),
    "wireless-radiotap": (headers.radiotap, 127),
    "pktap": (headers.pktap, 258),
    "pktap-raw": (lambda packet: headers.pktap(packet, 12, packet), 258),
})


@capture("link/ipv6-229")
def ipv6_link():
    return talk(bytes, 229, **V6)


@capture("link/null-ipv6-of-macos")
def null_ipv6():
    return talk(functools.partial(headers.family, "<", inet6=30), 0, **V6)


# ---- tags, labels, tunnels ----

add_talks("tag", {
    "vlan": (lambda packet: headers.vlan(packet, (0x8100, 100)),),
    "priority-tag": (lambda packet: headers.vlan(packet, (0x8100, 0xA000)),),
    "priority-tag-around-vlan": (lambda packet: headers.vlan(packet, (0x88A8, 0xE000), (0x8100, 100)),),
    "qinq": (lambda packet: headers.vlan(packet, (0x88A8, 100), (0x8100, 200)),),
    "qinq-9100": (lambda packet: headers.vlan(packet, (0x9100, 100), (0x8100, 200)),),
    "four-tags": (lambda packet: headers.vlan(packet, *[(0x8100, tag) for tag in (1, 2, 3, 4)]),),
    "mpls": (headers.mpls,),
    "mpls-pseudowire": (headers.mpls_pseudowire,),
    "mpls-pseudowire-without-control-word": (headers.mpls_without_control_word,),
    "mpls-pseudowire-without-control-word-or-tag": (lambda packet: headers.mpls_without_control_word(packet, ()),),
    "vn-tag": (headers.vn_tag,),
    "e-tag": (headers.e_tag,),
    "cisco-metadata": (headers.cisco_metadata,),
    "pbb": (headers.pbb,),
    "fabricpath": (headers.fabricpath,),
    "nsh": (headers.nsh,),
    "nsh-ip": (headers.nsh_ip,),
    "macsec-not-encrypted": (headers.macsec,),
    "pppoe": (headers.pppoe,),
    "llc-snap": (headers.llc_snap,),
    "padded": (headers.padded,),
})

add_talks("tunnel", {name: (ethernet_over(tunnel),) for name, tunnel in {
    "vxlan": headers.vxlan,
    "vxlan-8472": functools.partial(headers.vxlan, port=8472),
    "vxlan-gpe": headers.vxlan_gpe,
    "vxlan-gpe-nsh": headers.vxlan_gpe_nsh,
    "geneve": headers.geneve,
    "geneve-ip": headers.geneve_ip,
    "gtpu": headers.gtpu,
    "gre": headers.gre,
    "gre-all-fields": headers.gre_all_fields,
    "nvgre": headers.nvgre,
    "erspan1": headers.erspan1,
    "erspan2": headers.erspan2,
    "erspan3": headers.erspan3,
    "pptp": headers.pptp,
    "ip-in-ip": headers.ip_in_ip,
    "ipv4-in-ipv6": functools.partial(headers.ip_in_ip, outer=headers.OUTER6),
    "vxlan-in-gre-in-ipv6": lambda packet: headers.ip_in_ip(headers.gre(headers.vxlan(packet)), headers.OUTER6),
}.items()})


# Tunnels that decode/ reads, but the parser of the BPF programs does not.
add_talks("replay-only", {name: (ethernet_over(tunnel),) for name, tunnel in {
    "gue": headers.gue,
    "gue-without-header": headers.gue_without_header,
    "lisp": headers.lisp,
    "l2tp": headers.l2tp,
    "capwap": headers.capwap,
    "capwap-wireless": headers.capwap_wireless,
    "capwap-wireless-swapped": headers.capwap_swapped,
    "tzsp": headers.tzsp,
    "tzsp-wireless": headers.tzsp_wireless,
    "hp-erm": headers.hp_erm,
}.items()})


@capture("replay-only/teredo")
def teredo():
    return talk(ethernet_over(headers.teredo), **V6)


@capture("tunnel/ipv6-in-ipv4")
def ipv6_in_ipv4():
    return talk(ethernet_over(headers.ip_in_ip), **V6)


@capture("tunnel/vxlan-in-fragments")
def tunnel_in_fragments():
    def dress(packet):
        return [headers.ethernet(piece) for piece in headers.fragments(headers.vxlan(packet), 400, len(packet))]
    return talk(dress)


@capture("tunnel/vxlan-two-networks")
def two_networks():
    """The same addresses and ports in two VXLANs, packet by packet, are two connections."""
    vni = [1]

    def dress(packet):
        frame = headers.ethernet(headers.vxlan(packet))
        return frame[:48] + bytes([vni[0]]) + frame[49:]  # the last byte of the VNI

    shown = Capture(dress)
    ends = [shown.connection(isn=(1000, 5000)), shown.connection(isn=(9000, 7000))]
    for step in (lambda end, label: end.open(), lambda end, label: end.send(CLIENT, text(label, 60)),
                 lambda end, label: end.acknowledge(SERVER), lambda end, label: end.close()):
        for number, end in enumerate(ends):
            vni[0] = number + 1
            step(end, f"network {number}")
    return shown


def directions(to_server, to_client):
    """VLAN tags by direction; the client is 10.0.0.1"""
    return lambda packet: headers.vlan(packet, *(to_server if packet[12:16] == bytes((10, 0, 0, 1)) else to_client))


@capture("tag/vlan-in-one-direction")
def vlan_in_one_direction():
    """A mirror port tags one direction: two half connections; with capture.vlan_in_key: no, one
    connection."""
    return talk(directions(((0x8100, 10),), ()))


@capture("tag/vlan-differs-by-direction")
def vlan_differs_by_direction():
    """A mirror of two router interfaces, the directions in VLANs 10 and 20."""
    return talk(directions(((0x8100, 10),), ((0x8100, 20),)))


@capture("tag/priority-tag-in-one-direction")
def priority_tag_in_one_direction():
    """A priority tag (VLAN id 0) is no VLAN (IEEE 802.1Q, 6.9): one connection."""
    return talk(directions(((0x8100, 0xA000),), ()))


# ---- IP ----


@capture("ip/ipv6")
def plain_ipv6():
    return talk(**V6)


@capture("ip/ipv6-extensions")
def ipv6_extensions():
    return talk(lambda packet: headers.ethernet(headers.with_extensions(packet)), **V6)


@capture("ip/ipv6-atomic-fragments")
def ipv6_atomic_fragments():
    return talk(lambda packet: headers.ethernet(headers.atomic_fragment(packet)), **V6)


@capture("ip/authentication-header")
def authentication_header():
    return talk(ethernet_over(headers.authenticated))


@capture("ip/ipv4-options")
def ipv4_options():
    """A record-route option makes the header 28 bytes long."""
    def dress(packet):
        options = b"\x07\x07\x04\0\0\0\0\0"
        return headers.ethernet(headers.ipv4("10.0.0.1" if packet[15] == 1 else "10.0.0.2",
                                             "10.0.0.2" if packet[15] == 1 else "10.0.0.1",
                                             headers.TCP, packet[20:], options=options))
    return talk(dress)


def in_fragments(order, size=200, **ends):
    """Each packet in fragments, in the order that @order returns."""
    count = [0]

    def dress(packet):
        count[0] += 1
        return [headers.ethernet(piece) for piece in order(headers.fragments(packet, size, count[0]))]
    return talk(dress, **ends)


capture("ip/fragments")(lambda: in_fragments(list))
capture("ip/fragments-reversed")(lambda: in_fragments(lambda pieces: pieces[::-1]))
capture("ip/fragments-twice")(lambda: in_fragments(lambda pieces: [pieces[-1]] + pieces))
capture("ip/fragments-ipv6")(lambda: in_fragments(list, **V6))
capture("ip/fragments-ipv6-reversed")(lambda: in_fragments(lambda pieces: pieces[::-1], **V6))


@capture("ip/fragments-overlap")
def fragments_overlap():
    """A datagram whose fragments overlap is dropped whole; the segment is sent again."""
    shown = Capture()
    connection = shown.connection()
    connection.open()
    off = connection.write(CLIENT, text("overlapped", 600))
    packet = connection.packet_of(CLIENT, connection.tcp(CLIENT, connection.seq(CLIENT, off), headers.ACK,
                                                         connection.written[CLIENT]))
    pieces = headers.fragments(packet, 200, 77)
    intruder = headers.ipv4("10.0.0.1", "10.0.0.2", headers.TCP, b"x" * 200, 77, 1 << 13 | 104 // 8)
    for piece in (pieces[0], intruder, *pieces[1:]):
        shown.packet(piece)
    connection.segment(CLIENT, off, connection.written[CLIENT])
    connection.acknowledge(SERVER)
    connection.close()
    return shown


def offloaded(**ends):
    """Segments as the adapter gets them: longer than the MTU, the IP length left 0."""
    shown = Capture()
    connection = shown.connection(**ends)
    connection.open()
    data = text("offloaded", 4000)
    off = connection.write(SERVER, data)
    tcp = connection.tcp(SERVER, connection.seq(SERVER, off), headers.ACK, data)
    shown.packet(connection.packet_of(SERVER, tcp, length=0))
    connection.acknowledge(CLIENT)
    connection.close()
    return shown


capture("ip/offloaded-ipv4")(offloaded)
capture("ip/offloaded-ipv6")(lambda: offloaded(**V6))


@capture("ip/no-tcp")
def no_tcp():
    """UDP, ICMP, ARP, a frame that is too short: no stream."""
    shown = Capture()
    shown.packet(headers.udp(53, text("question", 30)))
    shown.packet(headers.ip(*headers.OUTER, 1, b"\x08\0\xf7\xff" + bytes(4)))
    shown.frame(headers.ethernet_type(0x0806, bytes(28)))
    shown.frame(b"short")
    return shown


# ---- files ----

for name, variant in {
    "microseconds-big-endian": {"order": ">"},
    "nanoseconds": {"magic": 0xA1B23C4D, "ticks_per_sec": 10**9},
    "nanoseconds-big-endian": {"magic": 0xA1B23C4D, "ticks_per_sec": 10**9, "order": ">"},
    "patched-kuznetzov": {"magic": 0xA1B2CD34, "patched": bytes(8)},
    "patched-mesquita": {"magic": 0xA1B234CD},
    "patched-navtel": {"magic": 0xA12B3C4D},
    "frame-check-sequence": {"link": 1 | 0x24000000},
}.items():
    def make_variant(variant=variant):
        shown = talk()
        shown.written = formats.pcap(shown.records, **variant)
        return shown
    capture(f"file/{name}")(make_variant)


@capture("file/version-2.2")
def version_2_2():
    """Old versions wrote the two lengths in the other order, which is visible if a packet was truncated."""
    shown = Capture()
    connection = shown.connection()
    connection.open()
    off = connection.write(CLIENT, text("cut", 300))
    connection.received[CLIENT] = connection.written[CLIENT][:200]
    data = connection.written[CLIENT]
    shown.packet(connection.packet_of(CLIENT, connection.tcp(CLIENT, connection.seq(CLIENT, off), headers.ACK, data)),
                 snap_bytes=14 + 20 + 20 + 200)
    connection.acknowledge(SERVER)
    connection.close()
    shown.written = formats.pcap(shown.records, version=(2, 2), lengths_swapped=True)
    return shown


def cut_file(written):
    """A file whose last record, the final acknowledgement, is not whole: status 3, nothing lost."""
    shown = talk()
    shown.written = written(shown.records)[:-7]
    shown.status = 3
    return shown


def pcapng(records, order="<", make=formats.enhanced):
    return (formats.section(order) + formats.interface(order)
            + b"".join(make(record, order) for record in records))


capture("file/cut-in-record")(lambda: cut_file(formats.pcap))
capture("file/cut-in-block.pcapng")(lambda: cut_file(pcapng))


@capture("file/damaged-record")
def damaged_record():
    """A record that claims to be longer than any packet ends the file; earlier packets are kept."""
    shown = talk()
    shown.written = formats.pcap(shown.records) + b"\xff" * 64
    shown.status = 3
    return shown


@capture("file/without-packets")
def without_packets():
    return Capture()


def make_pcapng(name, **variant):
    def make():
        shown = talk()
        shown.written = pcapng(shown.records, **variant)
        return shown
    capture(f"file/{name}.pcapng")(make)


make_pcapng("enhanced")
make_pcapng("enhanced-big-endian", order=">")
make_pcapng("simple", make=formats.simple)
make_pcapng("obsolete", make=formats.obsolete)


@capture("file/two-interfaces.pcapng")
def two_interfaces():
    """The client's packets as Ethernet, the server's as raw IP, and USB, which weft can't read."""
    shown = talk(bytes, 101)
    blocks = [formats.interface(link=189), formats.interface(), formats.interface(link=101)]
    for time_ns, packet, wire_bytes in shown.records:
        ether = headers.ethernet(packet)
        blocks.append(formats.enhanced((time_ns, b"usb data", 8)))
        blocks.append(formats.enhanced((time_ns, ether, len(ether)), interface_id=1) if packet[15] == 1
                      else formats.enhanced((time_ns, packet, wire_bytes), interface_id=2))
    shown.written = formats.section() + b"".join(blocks)
    return shown


def joined(second):
    """Two files joined by cat: the second header is not a packet, and reading stops there."""
    shown = talk()
    shown.status = 3
    shown.written = formats.pcap(shown.records) + second(talk(client=("10.0.0.9", 9)).records)
    return shown


capture("file/joined-by-cat")(lambda: joined(formats.pcap))
capture("file/joined-other-order")(lambda: joined(functools.partial(formats.pcap, order=">", magic=0xA1B23C4D)))
capture("file/joined-with-pcapng")(lambda: joined(pcapng))


@capture("file/pcapng-joined-with-pcap.pcapng")
def pcapng_joined():
    """A pcap file is appended to a pcapng file, to which only pcapng sections can be appended."""
    shown = talk()
    shown.status = 3
    shown.written = pcapng(shown.records) + formats.pcap(talk(client=("10.0.0.9", 9)).records)
    return shown


@capture("file/two-sections.pcapng")
def two_sections():
    """The second section has the other byte order, and begins with a block of an unknown type."""
    shown = talk()
    half = len(shown.records) // 2
    unknown = formats.block(">", 0x0BAD, text("unknown", 50))
    second = formats.section(">") + unknown + formats.interface(">")
    shown.written = pcapng(shown.records[:half]) + second + b"".join(
        formats.enhanced(record, ">") for record in shown.records[half:])
    return shown


@capture("file/time-resolutions.pcapng")
def time_resolutions():
    """One interface each: nanoseconds, units of 2^-20 s, microseconds with an offset in seconds."""
    shown = talk()
    option = functools.partial(formats.option, "<")
    blocks = [formats.section(), formats.interface(options=option(9, b"\x09")),
              formats.interface(options=option(9, b"\x94")),
              formats.interface(options=option(14, (1700000000).to_bytes(8, "little")) + bytes(4))]
    for number, record in enumerate(shown.records):
        ticks = (record[0], record[0] * 2**20 // 10**9, record[0] // 1000 - 1700000000 * 10**6)
        blocks.append(formats.enhanced(record, interface_id=number % 3, ticks=ticks[number % 3]))
    shown.written = b"".join(blocks)
    return shown


@capture("file/snap-length.pcapng")
def snap_length():
    """Simple packets are truncated to the interface's snap length: the captured bytes are delivered."""
    shown = Capture()
    connection = shown.connection()
    connection.open()
    data = text("snapped", 400)
    off = connection.write(SERVER, data)
    connection.received[SERVER] = data[:100]
    tcp = connection.tcp(SERVER, connection.seq(SERVER, off), headers.ACK, data)
    snap_bytes = 14 + 20 + 20 + 100
    shown.packet(connection.packet_of(SERVER, tcp), snap_bytes)
    connection.acknowledge(CLIENT)
    connection.close()
    shown.written = (formats.section() + formats.interface(snap_bytes=snap_bytes)
                     + b"".join(formats.simple(record) for record in shown.records))
    return shown

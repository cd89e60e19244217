//! What a file may cost, whatever it says of itself.

use std::io::Write as _;
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;
use flow::files::DoubtKind;

use crate::read;

fn kinds(bytes: &[u8]) -> Vec<DoubtKind> {
    read(bytes).0.doubts.iter().map(|doubt| doubt.kind).collect()
}

#[test]
fn a_bomb_is_not_unpacked_to_its_end() {
    let mut packing = GzEncoder::new(Vec::new(), Compression::best());
    packing.write_all(b"#separator \\x09\n#fields\tts\tid.orig_h\tid.resp_h\torig_bytes\n").unwrap();
    let nothing = vec![b'x'; 1 << 20];
    for _ in 0..200 {
        packing.write_all(&nothing).unwrap();
    }
    let bomb = packing.finish().unwrap();
    let (summary, _) = read(&bomb);
    let kinds: Vec<_> = summary.doubts.iter().map(|doubt| doubt.kind).collect();
    assert_eq!(kinds, [DoubtKind::TooLong, DoubtKind::TooLarge]);
}

#[test]
fn a_log_that_shrinks_as_logs_do_is_read_whole() {
    let mut log = String::from(
        "#separator \\x09\n#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\torig_bytes\n",
    );
    for port in 0..20_000 {
        log += &format!(
            "17723664{:02}.5\t192.0.2.10\t{port}\t198.51.100.7\t443\ttcp\t{}\n",
            port % 97,
            port * 7
        );
    }
    let mut packing = GzEncoder::new(Vec::new(), Compression::best());
    packing.write_all(log.as_bytes()).unwrap();
    assert_eq!(read(&packing.finish().unwrap()).1.len(), 20_000);
}

#[test]
fn a_line_without_an_end_is_left_out_and_the_next_is_read() {
    let mut log =
        b"#separator \\x09\n#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\torig_bytes\n"
            .to_vec();
    log.extend(vec![b'x'; 3 << 20]);
    log.extend(b"\n1772366400.5\t192.0.2.10\t1\t198.51.100.7\t443\ttcp\t1\n");
    let (summary, flows) = read(&log);
    assert_eq!(flows.len(), 1);
    assert_eq!((summary.doubts[0].kind, summary.doubts[0].first), (DoubtKind::TooLong, 3));
}

#[test]
fn a_packet_that_says_it_is_endless_ends_the_capture() {
    let mut capture =
        vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0];
    capture.extend([0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(kinds(&capture), [DoubtKind::TooLong]);
}

#[test]
fn a_block_that_says_it_is_endless_ends_the_file() {
    let mut file = vec![0x0c, 0xa5, 2, 0];
    file.extend([0; 36]);
    file.extend([1, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f, 3, 0, 0, 0]);
    assert_eq!(kinds(&file), [DoubtKind::TooLong]);
}

#[test]
fn objects_within_objects_are_looked_into_so_far_only() {
    let deep = format!("{{\"id\":{}1{}}}\n", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let begun = Instant::now();
    assert_eq!(read(deep.as_bytes()).1.len(), 0);
    assert!(begun.elapsed().as_secs() < 5);
}

//! Signatures, and datagrams that are none.
use proptest::prelude::*;

use super::*;

fn secret(text: &str) -> Secret {
    Secret::new(text.as_bytes()).expect("a secret")
}

fn signed(attributes: &[u8], with: &Secret) -> Vec<u8> {
    let length = u16::try_from(HEAD + attributes.len()).expect("short").to_be_bytes();
    let head = [ACCOUNTING_REQUEST, 7, length[0], length[1]];
    let digest = md5(&[&head, &[0; 16], attributes, &with.0]);
    [head.as_slice(), &digest, attributes].concat()
}

/// Acct-Status-Type = Start, and a Message-Authenticator that fits.
fn with_message_authenticator(with: &Secret) -> Vec<u8> {
    let mut attributes = vec![40, 6, 0, 0, 0, 1, MESSAGE_AUTHENTICATOR, 18];
    attributes.extend([0; 16]);
    let length = u16::try_from(HEAD + attributes.len()).expect("short").to_be_bytes();
    let head = [ACCOUNTING_REQUEST, 7, length[0], length[1]];
    let mac = hmac(&[head.as_slice(), &[0; 16], &attributes].concat(), with);
    attributes.truncate(8);
    attributes.extend(mac);
    signed(&attributes, with)
}

#[test]
fn only_what_was_made_with_the_secret_is_taken() {
    let ours = secret("of the two of us");
    let good = signed(&[40, 6, 0, 0, 0, 1], &ours);
    assert_eq!(read(&good, &ours).expect("good").attributes, [40, 6, 0, 0, 0, 1]);
    assert_eq!(read(&good, &secret("another")), Err(Refused::Forged));
    let padded = [good.as_slice(), &[0; 9]].concat();
    assert!(read(&padded, &ours).is_ok(), "padding is no part of it");
    for at in [1, 10, HEAD + 5] {
        let mut changed = good.clone();
        changed[at] ^= 1;
        assert!(read(&changed, &ours).is_err(), "octet {at}");
    }
}

#[test]
fn a_message_authenticator_must_fit_where_there_is_one() {
    let ours = secret("of the two of us");
    let good = with_message_authenticator(&ours);
    let request = read(&good, &ours).expect("good");
    // Changed, and signed anew as somebody could who knows no HMAC: only the secret's holder, but then it is broken.
    let mut attributes = request.attributes.clone();
    *attributes.last_mut().expect("some") ^= 1;
    assert_eq!(read(&signed(&attributes, &ours), &ours), Err(Refused::Forged));
    assert_eq!(respond(&request, &ours).len(), 20);
    let plain = read(&signed(&[40, 6, 0, 0, 0, 1], &ours), &ours).expect("good");
    assert_eq!(respond(&plain, &ours).len(), 20);
}

#[test]
fn attributes_that_do_not_fill_the_packet_are_no_request() {
    let ours = secret("of the two of us");
    for attributes in [&[40][..], &[40, 1], &[40, 9, 0], &[80, 18, 0], &[80, 3, 0]] {
        assert_eq!(read(&signed(attributes, &ours), &ours), Err(Refused::Malformed), "{attributes:?}");
    }
    let mut access = signed(&[40, 6, 0, 0, 0, 1], &ours);
    access[0] = 1;
    assert_eq!(read(&access, &ours), Err(Refused::Malformed));
}

proptest! {
    #[test]
    fn any_datagram_is_read_without_harm_and_none_is_taken(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read(&bytes, &secret("of the two of us")).is_err());
    }
}

//! Templates as they are sent (RFC 3954 sections 5.2 and 6.1, RFC 7011 section 3.4).

use super::bytes::Reader;
use super::element::Element;
use super::losses::Version;
use super::plan::{Field, Plan};

/// The bit of a field's type that says that its enterprise follows (RFC 7011 section 3.2).
const ENTERPRISE: u16 = 0x8000;
/// The scope "interface" of NetFlow v9 (RFC 3954 section 6.1), and the element that is the same thing.
const SCOPE_INTERFACE: u16 = 2;
const INGRESS_INTERFACE: u16 = 10;
/// Stands for the enterprise of what has none: other scopes of NetFlow v9.
const NOBODY: u32 = u32::MAX;
/// What a template takes in memory beside its fields.
const OVERHEAD: usize = 1280;

/// What is known of the records of one set id.
#[derive(Debug, Clone)]
pub(super) struct Template {
    /// As it was sent, to know it again.
    sent: Box<[u8]>,
    pub(super) records: Records,
    /// The exporter began anew since it was sent, and may use its id for something else.
    pub(super) stale: bool,
}

/// What its records are.
#[derive(Debug, Clone)]
pub(super) enum Records {
    /// Flows, or what else has no scope.
    Data(Box<Plan>),
    /// Options.
    Options(Box<[Field]>),
}

/// One template of a set of them.
#[derive(Debug)]
pub(super) struct Sent<'a> {
    pub(super) id: u16,
    /// As it stands in the set.
    pub(super) bytes: &'a [u8],
    /// Empty: the template is withdrawn (RFC 7011 section 8.1).
    pub(super) fields: Vec<Field>,
}

impl Template {
    pub(super) fn new(sent: &Sent<'_>, options: bool, version: Version) -> Template {
        let records = if options {
            Records::Options(sent.fields.clone().into())
        } else {
            Records::Data(Box::new(Plan::new(&sent.fields, version)))
        };
        Template { sent: sent.bytes.into(), records, stale: false }
    }

    /// Whether this is the template that was sent again.
    pub(super) fn is(&self, sent: &Sent<'_>, options: bool) -> bool {
        *self.sent == *sent.bytes && options == matches!(self.records, Records::Options(_))
    }

    /// About how many bytes it takes.
    pub(super) fn weight(&self) -> usize {
        OVERHEAD + self.sent.len() * 6
    }
}

/// The next template of a set; `None` at its end, or where it breaks off: then something is left.
pub(super) fn next<'a>(set: &mut Reader<'a>, version: Version, options: bool) -> Option<Sent<'a>> {
    let all = set.left();
    let mut reader = *set;
    let id = reader.u16().filter(|id| *id >= 256 || version == Version::Ipfix)?;
    let fields = match (version, options) {
        (Version::Ipfix, false) => {
            let count = usize::from(reader.u16()?);
            ipfix_fields(&mut reader, count)?
        }
        (Version::Ipfix, true) => {
            let count = usize::from(reader.u16()?);
            // A withdrawal has no number of scopes.
            if count > 0 {
                reader.u16()?;
            }
            ipfix_fields(&mut reader, count)?
        }
        (_, false) => {
            let count = usize::from(reader.u16()?);
            v9_fields(&mut reader, count)?
        }
        (_, true) => v9_options(&mut reader)?,
    };
    let length = all.len() - reader.len();
    *set = reader;
    Some(Sent { id, bytes: all.get(..length)?, fields })
}

fn ipfix_fields(reader: &mut Reader<'_>, count: usize) -> Option<Vec<Field>> {
    let mut fields = Vec::with_capacity(count.min(reader.len() / 4));
    for _ in 0..count {
        let (number, length) = (reader.u16()?, reader.u16()?);
        let enterprise = if number & ENTERPRISE == 0 { 0 } else { reader.u32()? };
        fields.push(Field { element: Element { enterprise, number: number & !ENTERPRISE }, length });
    }
    Some(fields)
}

/// NetFlow v9 has no enterprises: makers take numbers above 32768 as they like.
fn v9_fields(reader: &mut Reader<'_>, count: usize) -> Option<Vec<Field>> {
    let mut fields = Vec::with_capacity(count.min(reader.len() / 4));
    for _ in 0..count {
        let (number, length) = (reader.u16()?, reader.u16()?);
        fields.push(Field { element: Element { enterprise: 0, number }, length });
    }
    Some(fields)
}

/// Lengths in bytes of the scopes and of the options, and then those.
fn v9_options(reader: &mut Reader<'_>) -> Option<Vec<Field>> {
    let (scopes, options) = (usize::from(reader.u16()?), usize::from(reader.u16()?));
    let mut fields = v9_fields(reader, scopes / 4)?;
    for scope in &mut fields {
        scope.element = match scope.element.number {
            SCOPE_INTERFACE => Element { enterprise: 0, number: INGRESS_INTERFACE },
            number => Element { enterprise: NOBODY, number },
        };
    }
    fields.extend(v9_fields(reader, options / 4)?);
    Some(fields)
}

//! How much of a message is looked at. A hostile message costs bounded time; what is left unread is said.

/// Larger messages are cut here: twice what public mail systems accept.
pub(crate) const BYTES: usize = 50 << 20;
/// Parts within parts and messages within messages.
pub(crate) const NESTED: u8 = 32;
/// Parts of one message, the enclosed ones included.
pub(crate) const PARTS: usize = 1000;
/// Header fields of one part.
pub(crate) const FIELDS: usize = 1000;
/// Bytes of one part's header fields.
pub(crate) const HEADER: usize = 64 << 10;
/// Text of one part that is searched.
pub(crate) const PART_TEXT: usize = 256 << 10;
/// Text of all parts together that is searched.
pub(crate) const ALL_TEXT: usize = 1 << 20;
/// Bytes that are walked in search of boundaries, over all levels.
pub(crate) const WALK: usize = 128 << 20;

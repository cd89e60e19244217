//! Objects and arrays read up to a bound, whatever their size.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::plain_key;

/// Fields of one object that are looked at.
pub(super) const MOST_FIELDS: usize = 4096;
/// Items of one array that are looked at.
pub(super) const MOST_ITEMS: usize = 250_000;

/// The fields of an object, as many as are looked at: an object of millions would cost memory many times its size.
pub(super) struct Fields<'j>(pub(super) BTreeMap<String, &'j RawValue>);
/// The items of an array, bounded alike.
pub(super) struct Items<'j>(pub(super) Vec<&'j RawValue>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded;
        impl<'de> Visitor<'de> for Bounded {
            type Value = Fields<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    let value = map.next_value()?;
                    if fields.len() < MOST_FIELDS {
                        fields.insert(plain_key(&key), value);
                    }
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Bounded)
    }
}

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded;
        impl<'de> Visitor<'de> for Bounded {
            type Value = Items<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    if items.len() < MOST_ITEMS {
                        items.push(item);
                    }
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_seq(Bounded)
    }
}

//! Functions that analysts write addresses with: `ip('203.0.113.7')`, `in_net(peer, '198.51.100.0/24')`, `text(home)`.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, BooleanBuilder, FixedSizeBinaryBuilder, StringBuilder};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use ipnet::IpNet;

use crate::address::{address, number, range};
use crate::schema::{ADDRESS, address_number};

/// All of them.
pub(crate) fn all() -> [ScalarUDF; 3] {
    [
        ScalarUDF::from(Ip(Signature::exact(vec![DataType::Utf8], Volatility::Immutable))),
        ScalarUDF::from(InNet(Signature::exact(vec![ADDRESS, DataType::Utf8], Volatility::Immutable))),
        ScalarUDF::from(Text(Signature::exact(vec![ADDRESS], Volatility::Immutable))),
    ]
}

/// An address as a value of a question.
pub(crate) fn literal(number: u128) -> ScalarValue {
    ScalarValue::FixedSizeBinary(16, Some(number.to_be_bytes().to_vec()))
}

/// `ip(text)`: the address a text names. A text that names none fails, so that a slip of the pen is no empty answer.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Ip(Signature);

impl ScalarUDFImpl for Ip {
    fn name(&self) -> &'static str {
        "ip"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(ADDRESS)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let texts = first_column(&args)?;
        let texts = texts.as_string_opt::<i32>().ok_or_else(|| odd("ip"))?;
        let mut built = FixedSizeBinaryBuilder::with_capacity(texts.len(), 16);
        for text in texts {
            match text {
                Some(text) => built.append_value(number(read_address(text)?).to_be_bytes())?,
                None => built.append_null(),
            }
        }
        Ok(ColumnarValue::Array(Arc::new(built.finish())))
    }
}

/// `in_net(address, prefix)`: whether an address lies in a prefix. Where the prefix is written out, it is turned into
/// two comparisons, which the files' statistics can answer.
#[derive(Debug, PartialEq, Eq, Hash)]
struct InNet(Signature);

impl ScalarUDFImpl for InNet {
    fn name(&self) -> &'static str {
        "in_net"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn simplify(&self, args: Vec<Expr>, _: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let [of, Expr::Literal(ScalarValue::Utf8(Some(net)), _)] = args.as_slice() else {
            return Ok(ExprSimplifyResult::Original(args));
        };
        let (from, to) = range(read_net(net)?);
        let at = |number| Expr::Literal(literal(number), None);
        Ok(ExprSimplifyResult::Simplified(of.clone().gt_eq(at(from)).and(of.clone().lt_eq(at(to)))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        let [addresses, nets] = columns.as_slice() else { return Err(odd("in_net")) };
        let addresses = addresses.as_fixed_size_binary_opt().ok_or_else(|| odd("in_net"))?;
        let nets = nets.as_string_opt::<i32>().ok_or_else(|| odd("in_net"))?;
        let mut built = BooleanBuilder::with_capacity(addresses.len());
        for (address, net) in addresses.iter().zip(nets) {
            match (address, net) {
                (Some(address), Some(net)) => {
                    let (from, to) = range(read_net(net)?);
                    built.append_value((from..=to).contains(&address_number(address)));
                }
                _ => built.append_null(),
            }
        }
        Ok(ColumnarValue::Array(Arc::new(built.finish())))
    }
}

/// `text(address)`: an address as people write it.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Text(Signature);

impl ScalarUDFImpl for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let addresses = first_column(&args)?;
        let addresses = addresses.as_fixed_size_binary_opt().ok_or_else(|| odd("text"))?;
        let mut built = StringBuilder::with_capacity(addresses.len(), addresses.len() * 16);
        for bytes in addresses {
            built.append_option(bytes.map(|bytes| address(address_number(bytes)).to_string()));
        }
        Ok(ColumnarValue::Array(Arc::new(built.finish())))
    }
}

fn first_column(args: &ScalarFunctionArgs) -> Result<Arc<dyn Array>> {
    let columns = ColumnarValue::values_to_arrays(&args.args)?;
    columns
        .into_iter()
        .next()
        .ok_or_else(|| DataFusionError::Plan("a function needs its argument".to_owned()))
}

fn odd(function: &str) -> DataFusionError {
    DataFusionError::Plan(format!("{function} was given columns of another type"))
}

fn read_address(text: &str) -> Result<std::net::IpAddr> {
    text.parse()
        .or_else(|_| plan_err!("{text:?} is no address; write ip('203.0.113.7') or ip('2001:db8::7')"))
}

fn read_net(text: &str) -> Result<IpNet> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
        .or_else(|_| plan_err!("{text:?} is no prefix; write in_net(home, '203.0.113.0/24')"))
}

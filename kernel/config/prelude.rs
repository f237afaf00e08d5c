use casebook::prelude::*;

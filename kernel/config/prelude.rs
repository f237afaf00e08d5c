use casebook::prelude::*;
casebook::notebook::plain_panics();
// evcxr learns at the first `?` of a session that cells use it, and a value shown in that same cell
// would be shown with {:?}. Here it learns it before the first cell.
"1/1".parse::<saas::Part>()?;

"""The validation gate: Great Expectations, on DuckDB where SQL can say the rule, else on pandas."""

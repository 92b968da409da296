"""A site of Sage 500 on a T-SQL server: tables, stand-ins, our wrappers, a data set and a clerk."""

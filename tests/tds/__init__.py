"""A small TDS 7.4 server that plays SQL Server's part of the conversation, for the ODBC path.

It runs no SQL: a test says which statement gets which answer (rows, an error number, silence, a
dropped line) and reads afterwards what arrived, with the types the driver sent. Protocol: MS-TDS,
as far as Microsoft's ODBC driver 18 and FreeTDS 1.3 need it. No encryption: loopback only.
"""

-- So that the preflight can compare the parameters of Sage's procedures, and a check our own text,
-- with what is shipped. Seeing a definition is no right to run it.
GRANT VIEW DEFINITION ON $(NextKeyProc) TO $(AppRole);
GRANT VIEW DEFINITION ON $(NextBatchProc) TO $(AppRole);
GRANT VIEW DEFINITION ON $(BatchStatusProc) TO $(AppRole);
GRANT VIEW DEFINITION ON SCHEMA::$(Schema) TO $(AppRole);
GO

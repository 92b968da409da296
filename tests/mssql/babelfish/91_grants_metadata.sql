-- STAND-IN: Babelfish knows no VIEW DEFINITION. Nothing is granted here.
PRINT 'no metadata grants on this server';
GO

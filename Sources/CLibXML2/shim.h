#include <libxml/xmlversion.h>
/* Debian's libxml2 may pull in ICU's headers, which Foundation has in another version. They change
   one type that we never look into (xmlCharEncodingHandler). */
#undef LIBXML_ICU_ENABLED
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>

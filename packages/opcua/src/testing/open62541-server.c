/*
 * A server on the library open62541 (MPL 2.0, not part of this repository), to read from one that is not node-opcua's.
 * With the library built with -DUA_ENABLE_ENCRYPTION=OPENSSL -DUA_ENABLE_HISTORIZING=ON:
 *
 *   cc -o open62541-server open62541-server.c -I<its headers> -lopen62541 -lssl -lcrypto
 *
 * Arguments: port, the DER files of its certificate and key (or - and -, without any security), the URI of its
 * namespace, and its variables, `name:type`, of the types double, kept (a double with a history), int32, uint32 and text.
 * It takes lines like `set temperature 12.5 1767600000000`, a variable, its value without spaces and its source time in ms,
 * and answers `done` to each, and `ready` once it listens.
 */
#include <open62541/plugin/accesscontrol_default.h>
#include <open62541/plugin/certificategroup_default.h>
#include <open62541/plugin/historydata/history_data_backend_memory.h>
#include <open62541/plugin/historydata/history_data_gathering_default.h>
#include <open62541/plugin/historydata/history_database_default.h>
#include <open62541/server.h>
#include <open62541/server_config_default.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HISTORY_VALUES 10000
#define LINE_BYTES 256
#define WORD_BYTES 64
#define MOST_VARIABLES 32

struct variable {
    char *name;
    const UA_DataType *type;
};

static UA_UInt16 vendor;
static struct variable variables[MOST_VARIABLES];
static size_t variableCount;

static UA_ByteString loadFile(const char *path) {
    UA_ByteString content = UA_BYTESTRING_NULL;
    FILE *file = fopen(path, "rb");
    if(!file)
        return content;
    fseek(file, 0, SEEK_END);
    if(UA_ByteString_allocBuffer(&content, (size_t)ftell(file)) == UA_STATUSCODE_GOOD) {
        fseek(file, 0, SEEK_SET);
        if(fread(content.data, 1, content.length, file) != content.length)
            UA_ByteString_clear(&content);
    }
    fclose(file);
    return content;
}

static const UA_DataType *typeOf(const char *word) {
    if(strcmp(word, "int32") == 0)
        return &UA_TYPES[UA_TYPES_INT32];
    if(strcmp(word, "uint32") == 0)
        return &UA_TYPES[UA_TYPES_UINT32];
    if(strcmp(word, "text") == 0)
        return &UA_TYPES[UA_TYPES_STRING];
    return &UA_TYPES[UA_TYPES_DOUBLE];
}

static UA_NodeId addVariable(UA_Server *server, char *name, const UA_DataType *type, UA_Boolean kept) {
    UA_VariableAttributes attributes = UA_VariableAttributes_default;
    void *value = UA_new(type);
    UA_Variant_setScalar(&attributes.value, value, type);
    attributes.dataType = type->typeId;
    attributes.displayName = UA_LOCALIZEDTEXT("en", name);
    attributes.accessLevel = UA_ACCESSLEVELMASK_READ | (kept ? UA_ACCESSLEVELMASK_HISTORYREAD : 0);
    attributes.historizing = kept;
    UA_NodeId id = UA_NODEID_STRING(vendor, name);
    UA_Server_addVariableNode(server, id, UA_NS0ID(OBJECTSFOLDER), UA_NS0ID(ORGANIZES),
                              UA_QUALIFIEDNAME(vendor, name), UA_NS0ID(BASEDATAVARIABLETYPE), attributes, NULL, NULL);
    UA_delete(value, type);
    variables[variableCount].name = name;
    variables[variableCount++].type = type;
    return id;
}

static void keep(UA_Server *server, UA_ServerConfig *config, UA_NodeId id) {
    UA_HistoryDataGathering gathering = UA_HistoryDataGathering_Default(1);
    config->historyDatabase = UA_HistoryDatabase_default(gathering);
    UA_HistorizingNodeIdSettings settings;
    memset(&settings, 0, sizeof(settings));
    settings.historizingBackend = UA_HistoryDataBackend_Memory(1, HISTORY_VALUES);
    settings.maxHistoryDataResponseSize = HISTORY_VALUES;
    settings.historizingUpdateStrategy = UA_HISTORIZINGUPDATESTRATEGY_VALUESET;
    gathering.registerNodeId(server, gathering.context, &id, settings);
}

static void obey(UA_Server *server, const char *line) {
    char name[WORD_BYTES], word[WORD_BYTES];
    long long ms;
    if(sscanf(line, "set %63s %63s %lld", name, word, &ms) != 3)
        return;
    const UA_DataType *type = &UA_TYPES[UA_TYPES_DOUBLE];
    for(size_t at = 0; at < variableCount; at++)
        if(strcmp(variables[at].name, name) == 0)
            type = variables[at].type;
    UA_Double number = atof(word);
    UA_Int32 whole = (UA_Int32)number;
    UA_UInt32 count = (UA_UInt32)number;
    UA_String text = UA_STRING(word);
    void *value = &number;
    if(type == &UA_TYPES[UA_TYPES_INT32])
        value = &whole;
    else if(type == &UA_TYPES[UA_TYPES_UINT32])
        value = &count;
    else if(type == &UA_TYPES[UA_TYPES_STRING])
        value = &text;
    UA_DataValue data;
    UA_DataValue_init(&data);
    UA_Variant_setScalar(&data.value, value, type);
    data.hasValue = true;
    data.sourceTimestamp = UA_DateTime_fromUnixTime(ms / 1000) + (ms % 1000) * UA_DATETIME_MSEC;
    data.hasSourceTimestamp = true;
    UA_Server_writeDataValue(server, UA_NODEID_STRING(vendor, name), data);
}

/* Lines that came in, without waiting for more. False at the end of the input. */
static UA_Boolean readLines(UA_Server *server) {
    static char line[LINE_BYTES];
    static size_t length = 0;
    char byte;
    ssize_t count;
    while((count = read(STDIN_FILENO, &byte, 1)) == 1) {
        if(byte != '\n') {
            if(length < sizeof(line) - 1)
                line[length++] = byte;
            continue;
        }
        line[length] = 0;
        length = 0;
        obey(server, line);
        /* Each value by itself: it samples what changed since it looked last. */
        UA_Server_run_iterate(server, false);
        printf("done\n");
    }
    return count != 0;
}

int main(int argc, char **argv) {
    if(argc < 6 || argc > 5 + MOST_VARIABLES)
        return EXIT_FAILURE;
    setvbuf(stdout, NULL, _IOLBF, 0);
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    UA_Server *server = UA_Server_new();
    UA_ServerConfig *config = UA_Server_getConfig(server);
    UA_UInt16 port = (UA_UInt16)atoi(argv[1]);
    if(strcmp(argv[2], "-") == 0) {
        UA_ServerConfig_setMinimal(config, port, NULL);
    } else {
        UA_ByteString certificate = loadFile(argv[2]), key = loadFile(argv[3]);
        UA_ServerConfig_setDefaultWithSecurityPolicies(config, port, &certificate, &key, NULL, 0, NULL, 0, NULL, 0);
        /* Whom the hub trusts is what is tried here. */
        config->secureChannelPKI.clear(&config->secureChannelPKI);
        UA_CertificateGroup_AcceptAll(&config->secureChannelPKI);
    }
    config->samplingIntervalLimits.min = 5;
    config->publishingIntervalLimits.min = 50;
    UA_String_clear(&config->applicationDescription.applicationUri);
    config->applicationDescription.applicationUri = UA_String_fromChars("urn:vendor.example:press");
    vendor = UA_Server_addNamespace(server, argv[4]);
    for(int at = 5; at < argc; at++) {
        char *colon = strchr(argv[at], ':');
        if(!colon)
            return EXIT_FAILURE;
        *colon = 0;
        UA_Boolean kept = strcmp(colon + 1, "kept") == 0;
        UA_NodeId id = addVariable(server, argv[at], typeOf(colon + 1), kept);
        if(kept)
            keep(server, config, id);
    }
    if(UA_Server_run_startup(server) != UA_STATUSCODE_GOOD)
        return EXIT_FAILURE;
    printf("ready\n");
    while(readLines(server)) {
        UA_Server_run_iterate(server, false);
        usleep(1000);
    }
    UA_Server_run_shutdown(server);
    UA_Server_delete(server);
    return EXIT_SUCCESS;
}

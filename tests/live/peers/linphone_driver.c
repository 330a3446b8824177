/* A chat user made of liblinphone, driven over stdin and heard over stdout.
 *
 *   linphone_driver IDENTITY PROXY PORT STATE_DIR/
 *
 * registers IDENTITY at PROXY from UDP PORT and keeps its files below STATE_DIR. Commands, one a line:
 *   send URI TEXT     a chat message (CPIM, with an IMDN request)
 *   quit
 * Events, one a line that starts with "@ " (the rest is liblinphone's log):
 *   registration STATE
 *   state STATE TEXT  what has become of a message that was sent
 *   text FROM TEXT    a message that came
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linphone/core.h>

#define LINE_LIMIT 4096

static void say(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("@ ", stdout);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

static void on_registration(LinphoneCore *core, LinphoneAccount *account,
                            LinphoneRegistrationState state, const char *message) {
    (void)core;
    (void)account;
    (void)message;
    say("registration %s", linphone_registration_state_to_string(state));
}

static void on_message(LinphoneCore *core, LinphoneChatRoom *room,
                       LinphoneChatMessage *message) {
    const char *text = linphone_chat_message_get_utf8_text(message);
    char *from = linphone_address_as_string_uri_only(
        linphone_chat_message_get_from_address(message));
    (void)core;
    say("text %s %s", from, text ? text : "");
    ms_free(from);
    /* Reading the room is what makes liblinphone send `display`. */
    linphone_chat_room_mark_as_read(room);
}

static void on_state(LinphoneChatMessage *message, LinphoneChatMessageState state) {
    const char *text = linphone_chat_message_get_utf8_text(message);
    say("state %s %s", linphone_chat_message_state_to_string(state), text ? text : "");
}

static void send_message(LinphoneCore *core, LinphoneAccount *account, const char *uri,
                         const char *text) {
    LinphoneAddress *to = linphone_factory_create_address(linphone_factory_get(), uri);
    const LinphoneAddress *from = linphone_account_params_get_identity_address(
        linphone_account_get_params(account));
    LinphoneChatRoomParams *params = linphone_core_create_default_chat_room_params(core);
    LinphoneChatRoom *room;
    LinphoneChatMessage *message;
    LinphoneChatMessageCbs *callbacks;

    if (!to) {
        say("error address %s", uri);
        return;
    }
    linphone_chat_room_params_set_backend(params, LinphoneChatRoomBackendBasic);
    room = linphone_core_search_chat_room(core, params, from, to, NULL);
    if (!room) {
        bctbx_list_t *members = bctbx_list_append(NULL, to);
        room = linphone_core_create_chat_room_6(core, params, from, members);
        bctbx_list_free(members);
    }
    if (!room) {
        say("error room %s", uri);
        return;
    }
    message = linphone_chat_room_create_message_from_utf8(room, text);
    callbacks = linphone_factory_create_chat_message_cbs(linphone_factory_get());
    linphone_chat_message_cbs_set_msg_state_changed(callbacks, on_state);
    linphone_chat_message_add_callbacks(message, callbacks);
    linphone_chat_message_send(message); /* lives on: its callbacks are waited for */
}

/* One command; gives 0 when there is nothing more to do. */
static int obey(LinphoneCore *core, LinphoneAccount *account, char *line) {
    char *uri, *text;
    if (strcmp(line, "quit") == 0) return 0;
    if (strncmp(line, "send ", 5) != 0) {
        say("error command %s", line);
        return 1;
    }
    uri = line + 5;
    text = strchr(uri, ' ');
    if (text) {
        *text++ = '\0';
        send_message(core, account, uri, text);
    }
    return 1;
}

/* What has come over stdin; gives 0 at its end or at `quit`. */
static int listen_to_stdin(LinphoneCore *core, LinphoneAccount *account) {
    static char held[LINE_LIMIT];
    static size_t length = 0;
    char *end;
    ssize_t got = read(STDIN_FILENO, held + length, sizeof held - 1 - length);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return 0;
    length += (size_t)got;
    held[length] = '\0';
    while ((end = strchr(held, '\n'))) {
        *end = '\0';
        if (!obey(core, account, held)) return 0;
        length -= (size_t)(end + 1 - held);
        memmove(held, end + 1, length + 1);
    }
    return length < sizeof held - 1;
}

static LinphoneCore *core_for(int port, const char *state_dir) {
    LinphoneFactory *factory = linphone_factory_get();
    char path[LINE_LIMIT];
    LinphoneConfig *config;
    LinphoneCore *core;
    LinphoneCoreCbs *callbacks = linphone_factory_create_core_cbs(factory);
    LinphoneTransports *transports = linphone_factory_create_transports(factory);

    linphone_factory_set_data_dir(factory, state_dir);
    linphone_factory_set_config_dir(factory, state_dir);
    snprintf(path, sizeof path, "%s/linphonerc", state_dir);
    config = linphone_config_new(path);
    linphone_config_set_string(config, "sip", "bind_address", "127.0.0.1");
    linphone_config_set_int(config, "net", "ipv6", 0);
    linphone_core_cbs_set_account_registration_state_changed(callbacks, on_registration);
    linphone_core_cbs_set_message_received(callbacks, on_message);
    core = linphone_factory_create_core_with_config_3(factory, config, NULL);
    linphone_core_add_callbacks(core, callbacks);
    linphone_core_enable_ipv6(core, FALSE);
    linphone_transports_set_udp_port(transports, port);
    linphone_transports_set_tcp_port(transports, 0);
    linphone_transports_set_tls_port(transports, 0);
    linphone_core_set_transports(core, transports);
    linphone_transports_unref(transports);
    linphone_im_notif_policy_enable_all(linphone_core_get_im_notif_policy(core));
    linphone_core_start(core);
    return core;
}

static LinphoneAccount *registered(LinphoneCore *core, const char *identity,
                                   const char *proxy) {
    LinphoneFactory *factory = linphone_factory_get();
    LinphoneAddress *me = linphone_factory_create_address(factory, identity);
    LinphoneAddress *server = linphone_factory_create_address(factory, proxy);
    LinphoneAccountParams *params = linphone_core_create_account_params(core);
    LinphoneAccount *account;

    linphone_account_params_set_identity_address(params, me);
    linphone_account_params_set_server_address(params, server);
    linphone_account_params_enable_outbound_proxy(params, TRUE);
    linphone_account_params_enable_register(params, TRUE);
    linphone_account_params_enable_cpim_in_basic_chat_room(params, TRUE);
    linphone_account_params_set_publish_enabled(params, FALSE);
    account = linphone_core_create_account(core, params);
    linphone_core_add_account(core, account);
    linphone_core_set_default_account(core, account);
    return account;
}

int main(int count, char **arguments) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    LinphoneCore *core;
    LinphoneAccount *account;

    if (count != 5) {
        fprintf(stderr, "usage: %s IDENTITY PROXY PORT STATE_DIR\n", arguments[0]);
        return 2;
    }
    linphone_logging_service_set_log_level(linphone_logging_service_get(),
                                           LinphoneLogLevelMessage);
    core = core_for(atoi(arguments[3]), arguments[4]);
    account = registered(core, arguments[1], arguments[2]);
    fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
    for (;;) {
        linphone_core_iterate(core);
        if (poll(&input, 1, 20) > 0 && !listen_to_stdin(core, account)) break;
    }
    return 0;
}

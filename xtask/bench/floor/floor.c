/* The floors of a cold process: only the system calls that the job needs. They take well-formed input
 * for granted. Linked statically.
 *
 * floor file FILE                                      prints a file
 * floor http CONFIG TOKEN_FILE PORT ACCOUNT_ID ROLE    reads two files, sends one request, prints JSON
 * floor peak PROGRAM ARGUMENTS                         runs a program, prints its peak memory in KiB
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[65536], request[16384], answer[65536];

static ssize_t load(const char *path) {
  int file = open(path, O_RDONLY);
  ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
  if (length >= 0) text[length] = 0;
  return length;
}

/* The string value of a key: its start, and its length in *length. */
static char *value(char *json, const char *key, int *length) {
  char *start = strstr(json, key);
  if (!start || !(start = strchr(start + strlen(key) + 1, '"'))) exit(1);
  *length = (int)strcspn(++start, "\"");
  return start;
}

static int http(char **argv) {
  if (load(argv[0]) <= 0 || !strstr(text, "[profile ") || load(argv[1]) <= 0) return 1;
  int length, ids, secrets, sessions;
  char *token = value(text, "\"accessToken\"", &length);
  length = snprintf(request, sizeof request,
      "GET /federation/credentials?account_id=%s&role_name=%s HTTP/1.1\r\n"
      "host: 127.0.0.1:%s\r\nx-amz-sso_bearer_token: %.*s\r\nconnection: close\r\n\r\n",
      argv[3], argv[4], argv[2], length, token);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(connection, (struct sockaddr *)&to, sizeof to)) return 1;
  if (write(connection, request, length) != length) return 1;
  size_t got = 0;
  ssize_t more;
  while ((more = read(connection, answer + got, sizeof answer - 1 - got)) > 0) got += more;
  if (strncmp(answer, "HTTP/1.1 200", 12)) return 1;
  char *id = value(answer, "\"accessKeyId\"", &ids);
  char *secret = value(answer, "\"secretAccessKey\"", &secrets);
  char *session = value(answer, "\"sessionToken\"", &sessions);
  length = snprintf(text, sizeof text,
      "{\"Version\":1,\"AccessKeyId\":\"%.*s\",\"SecretAccessKey\":\"%.*s\",\"SessionToken\":\"%.*s\"}\n",
      ids, id, secrets, secret, sessions, session);
  return write(1, text, length) != length;
}

static int peak(char **argv) {
  pid_t child = vfork();
  if (child == 0) {
    dup2(open("/dev/null", O_WRONLY), 1);
    execv(argv[0], argv);
    _exit(127);
  }
  int status;
  struct rusage usage;
  if (wait4(child, &status, 0, &usage) < 0 || status) return 1;
  int length = snprintf(text, sizeof text, "%ld\n", usage.ru_maxrss);
  return write(1, text, length) != length;
}

int main(int argc, char **argv) {
  if (argc == 3 && !strcmp(argv[1], "file")) {
    ssize_t length = load(argv[2]);
    return length < 0 || write(1, text, length) != length;
  }
  if (argc == 7 && !strcmp(argv[1], "http")) return http(argv + 2);
  if (argc > 2 && !strcmp(argv[1], "peak")) return peak(argv + 2);
  return 2;
}

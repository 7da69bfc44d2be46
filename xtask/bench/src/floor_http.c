/* Floor of a cold process in C: read the token file, one HTTP GET, print.
 * floor-c TOKEN_FILE PORT ACCOUNT_ID ROLE_NAME. Takes well-formed input for granted. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
  static char file[16384], request[16384], answer[65536];
  if (argc != 5) return 2;
  int opened = open(argv[1], O_RDONLY);
  if (opened < 0 || read(opened, file, sizeof file - 1) <= 0) return 1;
  char *token = strstr(file, "\"accessToken\"");
  if (!token || !(token = strchr(token + 13, '"'))) return 1;
  char *end = strchr(++token, '"');
  if (!end) return 1;
  int length = snprintf(request, sizeof request,
      "GET /federation/credentials?account_id=%s&role_name=%s HTTP/1.1\r\n"
      "host: 127.0.0.1:%s\r\nx-amz-sso_bearer_token: %.*s\r\nconnection: close\r\n\r\n",
      argv[3], argv[4], argv[2], (int)(end - token), token);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(connection, (struct sockaddr *)&to, sizeof to)) return 1;
  if (write(connection, request, length) != length) return 1;
  size_t got = 0;
  ssize_t more;
  while ((more = read(connection, answer + got, sizeof answer - 1 - got)) > 0) got += more;
  char *body = strstr(answer, "\r\n\r\n");
  if (!body || strncmp(answer, "HTTP/1.1 200", 12)) return 1;
  body += 4;
  return write(1, body, answer + got - body) < 0;
}

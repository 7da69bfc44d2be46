/* Presses Ctrl-C while a command runs in a console of its own:
 *   ctrl_c press READY PROGRAM ARGUMENT...   exits with the exit code of the program
 *   ctrl_c wait READY                        creates READY, runs on for a moment after Ctrl-C, exits with 7
 * Quotes nothing: the arguments must not contain blanks. */
#include <process.h>
#include <string.h>
#include <windows.h>

enum { USAGE = 101, NO_CONSOLE, NOT_STARTED, NOT_READY, NOT_PRESSED, NOT_ENDED };

static HANDLE pressed;

static BOOL WINAPI handle(DWORD event) {
    (void)event;
    SetEvent(pressed);
    return TRUE;
}

static int wait_for_ctrl_c(const char *ready) {
    CloseHandle(CreateFileA(ready, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL));
    if (WaitForSingleObject(pressed, 60000) != WAIT_OBJECT_0) return NOT_PRESSED;
    Sleep(500);
    return 7;
}

static int press(const char *ready, char **command) {
    FreeConsole();
    if (!AllocConsole()) return NO_CONSOLE;
    intptr_t started = _spawnvp(_P_NOWAIT, command[0], (const char *const *)command);
    if (started == -1) return NOT_STARTED;
    for (int waited = 0; GetFileAttributesA(ready) == INVALID_FILE_ATTRIBUTES; waited++) {
        if (waited == 600) return NOT_READY;
        Sleep(100);
    }
    if (!GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0)) return NOT_PRESSED;
    if (WaitForSingleObject((HANDLE)started, 60000) != WAIT_OBJECT_0) return NOT_ENDED;
    DWORD code = NOT_ENDED;
    GetExitCodeProcess((HANDLE)started, &code);
    return (int)code;
}

int main(int count, char **arguments) {
    pressed = CreateEventA(NULL, TRUE, FALSE, NULL);
    SetConsoleCtrlHandler(handle, TRUE);
    if (count == 3 && !strcmp(arguments[1], "wait")) return wait_for_ctrl_c(arguments[2]);
    if (count > 3 && !strcmp(arguments[1], "press")) return press(arguments[2], arguments + 3);
    return USAGE;
}

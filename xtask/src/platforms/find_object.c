/* What GCC's unwinder takes from glibc, for programs that are linked with musl. */
#define _GNU_SOURCE
#include <link.h>
#include <pthread.h>
#include <stddef.h>

/* The unwinder refers to these weakly, and a weak reference takes nothing out of libc.a. */
void *const used_by_the_unwinder[] = {
    (void *)pthread_once,        (void *)pthread_mutex_lock,  (void *)pthread_mutex_unlock,
    (void *)pthread_key_create,  (void *)pthread_getspecific, (void *)pthread_setspecific,
    (void *)pthread_create,
};

struct dl_find_object {
  unsigned long long flags;
  void *start, *end, *link_map, *eh_frame;
  unsigned long long reserved[7];
};

struct search {
  ElfW(Addr) address;
  struct dl_find_object *found;
};

static int visit(struct dl_phdr_info *info, size_t size, void *data) {
  struct search *search = data;
  ElfW(Addr) eh_frame = 0;
  int contains = 0;
  (void)size;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = info->dlpi_phdr + i;
    ElfW(Addr) start = info->dlpi_addr + header->p_vaddr, end = start + header->p_memsz;
    if (header->p_type == PT_LOAD && start <= search->address && search->address < end) {
      contains = 1;
      search->found->start = (void *)start;
      search->found->end = (void *)end;
    }
    if (header->p_type == PT_GNU_EH_FRAME) eh_frame = start;
  }
  if (!contains || !eh_frame) return 0;
  search->found->flags = 0;
  search->found->link_map = NULL;
  search->found->eh_frame = (void *)eh_frame;
  return 1;
}

/* glibc 2.35: the loaded object that contains an address. */
int _dl_find_object(void *address, struct dl_find_object *found) {
  struct search search = {(ElfW(Addr))address, found};
  return dl_iterate_phdr(visit, &search) ? 0 : -1;
}

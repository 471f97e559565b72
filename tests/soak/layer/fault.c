/* A Vulkan layer that makes a device fail at a chosen call, so that a program can be shown what broken drivers do.
 *
 * Environment:
 *   SOAK_LOSE_AT=N       from the N-th submission on, the device is lost
 *   SOAK_REFUSE_AT=N     the N-th request for memory or a buffer is refused
 *   SOAK_REFUSE_ALL=1    and so is every later one
 *   SOAK_COUNTS=FILE     at the end, the numbers of submissions and of requests are written there
 *
 * The few types of the Vulkan loader's interface that are needed stand here, so that no headers are. */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUCCESS = 0, OUT_OF_DEVICE_MEMORY = -2, INITIALIZATION_FAILED = -3, DEVICE_LOST = -4 };
enum { LOADER_INSTANCE_CREATE_INFO = 47, LOADER_DEVICE_CREATE_INFO = 48, LAYER_LINK_INFO = 0 };

typedef void (*Function)(void);
typedef Function (*GetProcAddr)(void *handle, const char *name);

/* What the loader chains to the arguments of vkCreateInstance and vkCreateDevice for every layer. The second function of a
 * link is of physical devices for an instance, and of devices for a device. */
typedef struct Link {
  struct Link *next;
  GetProcAddr get_instance_proc_addr;
  GetProcAddr get_second_proc_addr;
} Link;

typedef struct Info {
  int32_t type;
  const struct Info *next;
  int32_t function;
  Link *link;
} Info;

typedef struct {
  int32_t type;
  void *next;
  uint32_t version;
  GetProcAddr get_instance_proc_addr;
  GetProcAddr get_device_proc_addr;
  GetProcAddr get_physical_device_proc_addr;
} Negotiation;

static GetProcAddr next_instance_function, next_device_function;
static atomic_long num_submits, num_requests;
static atomic_int is_lost;

static long number(const char *name) {
  const char *text = getenv(name);
  return text ? atol(text) : -1;
}

/* Whether the device is lost by the submission that is made now. */
static int loses(void) {
  if (++num_submits == number("SOAK_LOSE_AT")) is_lost = 1;
  return is_lost;
}

static int refuses(void) {
  long at = number("SOAK_REFUSE_AT"), now = ++num_requests;
  return at > 0 && (now == at || (now > at && number("SOAK_REFUSE_ALL") > 0));
}

/* Defines the real function, and ours, which returns `fault` where `condition` holds. */
#define WRAPPED(name, condition, fault, parameters, arguments)  \
  static int32_t(*real_##name) parameters;                      \
  static int32_t soak_##name parameters {                       \
    if (condition) return fault;                                \
    return real_##name arguments;                               \
  }

WRAPPED(vkQueueSubmit, loses(), DEVICE_LOST, (void *q, uint32_t n, const void *s, uint64_t f), (q, n, s, f))
WRAPPED(vkAllocateMemory, refuses(), OUT_OF_DEVICE_MEMORY, (void *d, const void *i, const void *a, void *m), (d, i, a, m))
WRAPPED(vkCreateBuffer, refuses(), OUT_OF_DEVICE_MEMORY, (void *d, const void *i, const void *a, void *b), (d, i, a, b))
WRAPPED(vkWaitSemaphores, is_lost, DEVICE_LOST, (void *d, const void *i, uint64_t t), (d, i, t))
WRAPPED(vkWaitForFences, is_lost, DEVICE_LOST, (void *d, uint32_t n, const void *f, uint32_t all, uint64_t t), (d, n, f, all, t))
WRAPPED(vkGetFenceStatus, is_lost, DEVICE_LOST, (void *d, uint64_t f), (d, f))
WRAPPED(vkGetSemaphoreCounterValue, is_lost, DEVICE_LOST, (void *d, uint64_t s, uint64_t *v), (d, s, v))
WRAPPED(vkDeviceWaitIdle, is_lost, DEVICE_LOST, (void *d), (d))

typedef struct {
  const char *name;
  Function ours;
  Function *real;
} Row;

#define ROW(name) {#name, (Function)soak_##name, (Function *)&real_##name}
#define ALIAS(alias, name) {alias, (Function)soak_##name, (Function *)&real_##name}

static const Row rows[] = {
    ROW(vkQueueSubmit),
    ROW(vkAllocateMemory),
    ROW(vkCreateBuffer),
    ROW(vkWaitSemaphores),
    ALIAS("vkWaitSemaphoresKHR", vkWaitSemaphores),
    ROW(vkWaitForFences),
    ROW(vkGetFenceStatus),
    ROW(vkGetSemaphoreCounterValue),
    ALIAS("vkGetSemaphoreCounterValueKHR", vkGetSemaphoreCounterValue),
    ROW(vkDeviceWaitIdle),
};
enum { NUM_ROWS = sizeof rows / sizeof *rows };

/* The link of this layer, which is taken out of the chain for the next one. */
static Link *take_link(const Info *info, int32_t type) {
  for (; info; info = info->next) {
    if (info->type == type && info->function == LAYER_LINK_INFO) {
      Link *link = info->link;
      ((Info *)info)->link = link->next;
      return link;
    }
  }
  return NULL;
}

static int32_t create_instance(const Info *info, const void *allocator, void **instance) {
  Link *link = take_link(info->next, LOADER_INSTANCE_CREATE_INFO);
  if (!link) return INITIALIZATION_FAILED;
  next_instance_function = link->get_instance_proc_addr;
  int32_t (*create)(const Info *, const void *, void **) = (void *)next_instance_function(NULL, "vkCreateInstance");
  return create(info, allocator, instance);
}

static int32_t create_device(void *physical, const Info *info, const void *allocator, void **device) {
  Link *link = take_link(info->next, LOADER_DEVICE_CREATE_INFO);
  if (!link) return INITIALIZATION_FAILED;
  int32_t (*create)(void *, const Info *, const void *, void **) = (void *)link->get_instance_proc_addr(NULL, "vkCreateDevice");
  int32_t result = create(physical, info, allocator, device);
  if (result != SUCCESS) return result;
  next_device_function = link->get_second_proc_addr;
  for (int i = 0; i < NUM_ROWS; i++) {
    Function found = next_device_function(*device, rows[i].name);
    if (found) *rows[i].real = found;
  }
  return SUCCESS;
}

static Function get_device_proc_addr(void *device, const char *name) {
  if (!strcmp(name, "vkGetDeviceProcAddr")) return (Function)get_device_proc_addr;
  for (int i = 0; i < NUM_ROWS; i++) {
    if (!strcmp(name, rows[i].name)) return *rows[i].real ? rows[i].ours : NULL;
  }
  return next_device_function ? next_device_function(device, name) : NULL;
}

static Function get_instance_proc_addr(void *instance, const char *name) {
  if (!strcmp(name, "vkGetInstanceProcAddr")) return (Function)get_instance_proc_addr;
  if (!strcmp(name, "vkCreateInstance")) return (Function)create_instance;
  if (!strcmp(name, "vkCreateDevice")) return (Function)create_device;
  if (!strcmp(name, "vkGetDeviceProcAddr")) return (Function)get_device_proc_addr;
  return next_instance_function ? next_instance_function(instance, name) : NULL;
}

__attribute__((visibility("default"))) int32_t vkNegotiateLoaderLayerInterfaceVersion(Negotiation *negotiation) {
  negotiation->version = 2;
  negotiation->get_instance_proc_addr = get_instance_proc_addr;
  negotiation->get_device_proc_addr = get_device_proc_addr;
  negotiation->get_physical_device_proc_addr = NULL;
  return SUCCESS;
}

__attribute__((destructor)) static void write_counts(void) {
  const char *path = getenv("SOAK_COUNTS");
  FILE *file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  fprintf(file, "%ld %ld\n", (long)num_submits, (long)num_requests);
  fclose(file);
}

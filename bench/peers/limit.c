/* The limit: words, shingles and 128 minima of each text in one fused loop, no Unicode, no bands, nothing compared. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define PERMUTATIONS 128

static inline uint64_t mix(uint64_t state, uint64_t value) {
    uint64_t mixed = (state ^ value) * 0xFF51AFD7ED558CCDull;
    return mixed ^ (mixed >> 32);
}

void signatures(const uint8_t *data, const int64_t *starts, const int64_t *ends, int64_t texts, const uint32_t *a,
                const uint32_t *b, uint32_t *result) {
    for (int64_t text = 0; text < texts; text++) {
        size_t length = (size_t)(ends[text] - starts[text]), count = 0, shingles;
        uint64_t *words = malloc((length + 2) * sizeof *words);
        uint32_t *values = malloc((length + 2) * sizeof *values), *signature = result + text * PERMUTATIONS;
        uint64_t state = 0x9E3779B97F4A7C15ull;
        int inside = 0;
        for (int64_t at = starts[text]; at <= ends[text]; at++) {
            uint8_t byte = at < ends[text] ? data[at] : 32;
            if (byte > 32) {
                byte |= (uint8_t)((byte - 65u < 26u) << 5);
                state = (state ^ byte) * 0x100000001B3ull;
                inside = 1;
            } else if (inside) {
                words[count++] = state;
                state = 0x9E3779B97F4A7C15ull;
                inside = 0;
            }
        }
        shingles = count < 3 ? 0 : count - 2;
        for (size_t run = 0; run < shingles; run++)
            values[run] = (uint32_t)(mix(mix(mix(1, words[run]), words[run + 1]), words[run + 2]) >> 32);
        for (int number = 0; number < PERMUTATIONS; number++) {
            uint32_t lowest = UINT32_MAX, factor = a[number], shift = b[number];
            for (size_t run = 0; run < shingles; run++) {
                uint32_t value = factor * values[run] + shift;
                lowest = value < lowest ? value : lowest;
            }
            signature[number] = lowest;
        }
        free(words);
        free(values);
    }
}

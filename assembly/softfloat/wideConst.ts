// Constants of the transcendentals, as `Wide` images {hi, lo, exp | sign << 32}: 128 bits, rounded to nearest.
// Made with mpmath from the formula in each comment.

/** ln 2 */
// prettier-ignore
export const LN2: usize = memory.data<u64>([
  0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af, 0xffffffff,
], 8);

/** 2 / ln 2 */
// prettier-ignore
export const TWO_LOG2E: usize = memory.data<u64>([
  0xb8aa3b295c17f0bb, 0xbe87fed0691d3e89, 0x1,
], 8);

/** pi */
// prettier-ignore
export const PI: usize = memory.data<u64>([
  0xc90fdaa22168c234, 0xc4c6628b80dc1cd1, 0x1,
], 8);

/** pi / 2 */
// prettier-ignore
export const HALF_PI: usize = memory.data<u64>([
  0xc90fdaa22168c234, 0xc4c6628b80dc1cd1, 0x0,
], 8);

/** 1 */
// prettier-ignore
export const ONE: usize = memory.data<u64>([
  0x8000000000000000, 0x0, 0x0,
], 8);

/** (-1)^i / (2i + 1)!, i < 14 */
// prettier-ignore
export const SIN: usize = memory.data<u64>([
  0x8000000000000000, 0x0, 0x0,
  0xaaaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaab, 0x1fffffffd,
  0x8888888888888888, 0x8888888888888889, 0xfffffff9,
  0xd00d00d00d00d00d, 0xd00d00d00d00d0, 0x1fffffff3,
  0xb8ef1d2ab6399c7d, 0x560e4472800b8ef2, 0xffffffed,
  0xd7322b3faa271c7f, 0x3a3f25c1bee38f10, 0x1ffffffe6,
  0xb092309d43684be5, 0x1c198e91d7b4269e, 0xffffffdf,
  0xd73f9f399dc0f88e, 0xc32b58774657f48f, 0x1ffffffd7,
  0xca963b81856a5359, 0x3028cbbb8d7ff53c, 0xffffffcf,
  0x97a4da340a0ab926, 0x50f61dbdcb3a5abf, 0x1ffffffc7,
  0xb8dc77b6e7ab8c5f, 0x78a37e77372290c2, 0xffffffbe,
  0xbb0da098b1c0cecb, 0xdc3826ebfb13cc27, 0x1ffffffb5,
  0x9f9e66e8b2fd46a7, 0x22520cbbb7885c4a, 0xffffffac,
  0xe8d58e16e6751905, 0x4d0c78aea13b9a50, 0x1ffffffa2,
], 8);

/** (-1)^i / (2i)!, i < 14 */
// prettier-ignore
export const COS: usize = memory.data<u64>([
  0x8000000000000000, 0x0, 0x0,
  0x8000000000000000, 0x0, 0x1ffffffff,
  0xaaaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaab, 0xfffffffb,
  0xb60b60b60b60b60b, 0x60b60b60b60b60b6, 0x1fffffff6,
  0xd00d00d00d00d00d, 0xd00d00d00d00d0, 0xfffffff0,
  0x93f27dbbc4fae397, 0x780b69f5333c725b, 0x1ffffffea,
  0x8f76c77fc6c4bdaa, 0x26d4c3d67f425f60, 0xffffffe3,
  0xc9cba54603e4e905, 0xd6f8a2efd1f27546, 0x1ffffffdb,
  0xd73f9f399dc0f88e, 0xc32b58774657f48f, 0xffffffd3,
  0xb413c31dcbecbbdd, 0x8024435161554bc3, 0x1ffffffcb,
  0xf2a15d201011283d, 0x4e5695fc785d5dff, 0xffffffc2,
  0x8671cb6dbfc294a2, 0x86485bf99c763abc, 0x1ffffffba,
  0xf96780cb97abbe65, 0x25a033e54ec51034, 0xffffffb0,
  0xc4742fe35272cd1c, 0x790285d3580a4a34, 0x1ffffffa7,
], 8);

/** 1 / (i + 1)!, i < 26 */
// prettier-ignore
export const EXPM1: usize = memory.data<u64>([
  0x8000000000000000, 0x0, 0x0,
  0x8000000000000000, 0x0, 0xffffffff,
  0xaaaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaab, 0xfffffffd,
  0xaaaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaab, 0xfffffffb,
  0x8888888888888888, 0x8888888888888889, 0xfffffff9,
  0xb60b60b60b60b60b, 0x60b60b60b60b60b6, 0xfffffff6,
  0xd00d00d00d00d00d, 0xd00d00d00d00d0, 0xfffffff3,
  0xd00d00d00d00d00d, 0xd00d00d00d00d0, 0xfffffff0,
  0xb8ef1d2ab6399c7d, 0x560e4472800b8ef2, 0xffffffed,
  0x93f27dbbc4fae397, 0x780b69f5333c725b, 0xffffffea,
  0xd7322b3faa271c7f, 0x3a3f25c1bee38f10, 0xffffffe6,
  0x8f76c77fc6c4bdaa, 0x26d4c3d67f425f60, 0xffffffe3,
  0xb092309d43684be5, 0x1c198e91d7b4269e, 0xffffffdf,
  0xc9cba54603e4e905, 0xd6f8a2efd1f27546, 0xffffffdb,
  0xd73f9f399dc0f88e, 0xc32b58774657f48f, 0xffffffd7,
  0xd73f9f399dc0f88e, 0xc32b58774657f48f, 0xffffffd3,
  0xca963b81856a5359, 0x3028cbbb8d7ff53c, 0xffffffcf,
  0xb413c31dcbecbbdd, 0x8024435161554bc3, 0xffffffcb,
  0x97a4da340a0ab926, 0x50f61dbdcb3a5abf, 0xffffffc7,
  0xf2a15d201011283d, 0x4e5695fc785d5dff, 0xffffffc2,
  0xb8dc77b6e7ab8c5f, 0x78a37e77372290c2, 0xffffffbe,
  0x8671cb6dbfc294a2, 0x86485bf99c763abc, 0xffffffba,
  0xbb0da098b1c0cecb, 0xdc3826ebfb13cc27, 0xffffffb5,
  0xf96780cb97abbe65, 0x25a033e54ec51034, 0xffffffb0,
  0x9f9e66e8b2fd46a7, 0x22520cbbb7885c4a, 0xffffffac,
  0xc4742fe35272cd1c, 0x790285d3580a4a34, 0xffffffa7,
], 8);

/** 1 / (2i + 1), i < 22 */
// prettier-ignore
export const ATANH: usize = memory.data<u64>([
  0x8000000000000000, 0x0, 0x0,
  0xaaaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaab, 0xfffffffe,
  0xcccccccccccccccc, 0xcccccccccccccccd, 0xfffffffd,
  0x9249249249249249, 0x2492492492492492, 0xfffffffd,
  0xe38e38e38e38e38e, 0x38e38e38e38e38e4, 0xfffffffc,
  0xba2e8ba2e8ba2e8b, 0xa2e8ba2e8ba2e8ba, 0xfffffffc,
  0x9d89d89d89d89d89, 0xd89d89d89d89d89e, 0xfffffffc,
  0x8888888888888888, 0x8888888888888889, 0xfffffffc,
  0xf0f0f0f0f0f0f0f0, 0xf0f0f0f0f0f0f0f1, 0xfffffffb,
  0xd79435e50d79435e, 0x50d79435e50d7943, 0xfffffffb,
  0xc30c30c30c30c30c, 0x30c30c30c30c30c3, 0xfffffffb,
  0xb21642c8590b2164, 0x2c8590b21642c859, 0xfffffffb,
  0xa3d70a3d70a3d70a, 0x3d70a3d70a3d70a4, 0xfffffffb,
  0x97b425ed097b425e, 0xd097b425ed097b42, 0xfffffffb,
  0x8d3dcb08d3dcb08d, 0x3dcb08d3dcb08d3e, 0xfffffffb,
  0x8421084210842108, 0x4210842108421084, 0xfffffffb,
  0xf83e0f83e0f83e0f, 0x83e0f83e0f83e0f8, 0xfffffffa,
  0xea0ea0ea0ea0ea0e, 0xa0ea0ea0ea0ea0ea, 0xfffffffa,
  0xdd67c8a60dd67c8a, 0x60dd67c8a60dd67d, 0xfffffffa,
  0xd20d20d20d20d20d, 0x20d20d20d20d20d2, 0xfffffffa,
  0xc7ce0c7ce0c7ce0c, 0x7ce0c7ce0c7ce0c8, 0xfffffffa,
  0xbe82fa0be82fa0be, 0x82fa0be82fa0be83, 0xfffffffa,
], 8);

/** (-1)^i / (2i + 1), i < 14 */
// prettier-ignore
export const ATAN: usize = memory.data<u64>([
  0x8000000000000000, 0x0, 0x0,
  0xaaaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaab, 0x1fffffffe,
  0xcccccccccccccccc, 0xcccccccccccccccd, 0xfffffffd,
  0x9249249249249249, 0x2492492492492492, 0x1fffffffd,
  0xe38e38e38e38e38e, 0x38e38e38e38e38e4, 0xfffffffc,
  0xba2e8ba2e8ba2e8b, 0xa2e8ba2e8ba2e8ba, 0x1fffffffc,
  0x9d89d89d89d89d89, 0xd89d89d89d89d89e, 0xfffffffc,
  0x8888888888888888, 0x8888888888888889, 0x1fffffffc,
  0xf0f0f0f0f0f0f0f0, 0xf0f0f0f0f0f0f0f1, 0xfffffffb,
  0xd79435e50d79435e, 0x50d79435e50d7943, 0x1fffffffb,
  0xc30c30c30c30c30c, 0x30c30c30c30c30c3, 0xfffffffb,
  0xb21642c8590b2164, 0x2c8590b21642c859, 0x1fffffffb,
  0xa3d70a3d70a3d70a, 0x3d70a3d70a3d70a4, 0xfffffffb,
  0x97b425ed097b425e, 0xd097b425ed097b42, 0x1fffffffb,
], 8);

/** atan(i / 8), i <= 8 */
// prettier-ignore
export const ATAN_EIGHTHS: usize = memory.data<u64>([
  0, 0, 0,
  0xfeadd4d5617b6e32, 0xc897989f3e888ef8, 0xfffffffc,
  0xfadbafc96406eb15, 0x6dc79ef5f7a217e6, 0xfffffffd,
  0xb7b0ca0f26f78473, 0x8aa32122dcfe4483, 0xfffffffe,
  0xed63382b0dda7b45, 0x6fe445ecbc3a8d03, 0xfffffffe,
  0x8f005d5ef7f59f9b, 0x5c835e1665c43748, 0xffffffff,
  0xa4bc7d1934f70924, 0x19a87f2a457dac9f, 0xffffffff,
  0xb8053e2bc2319e73, 0xcb2da55210a4443d, 0xffffffff,
  0xc90fdaa22168c234, 0xc4c6628b80dc1cd1, 0xffffffff,
], 8);

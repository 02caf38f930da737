%% SPDX-License-Identifier: Apache-2.0
%% Bit syntax without the compiler's optimisations.
-module(bits_plain).
-compile([no_bsm_opt, no_ssa_opt, no_type_opt, no_copt, no_postopt]).
-include("bits_body.hrl").

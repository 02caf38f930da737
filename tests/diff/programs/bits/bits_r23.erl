%% SPDX-License-Identifier: Apache-2.0
%% Bit syntax as the compiler of OTP 23 emits it.
-module(bits_r23).
-compile([r23]).
-include("bits_body.hrl").

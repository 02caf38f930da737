%% SPDX-License-Identifier: Apache-2.0
%% Bit syntax as the compiler of OTP 24 emits it.
-module(bits_r24).
-compile([r24]).
-include("bits_body.hrl").

%% SPDX-License-Identifier: Apache-2.0
%% Bit syntax as the compiler of OTP 25 emits it.
-module(bits_r25).
-include("bits_body.hrl").

%% SPDX-License-Identifier: Apache-2.0
%% Bit syntax as the compiler of OTP 22 emits it.
-module(bits_r22).
-compile([r22]).
-include("bits_body.hrl").

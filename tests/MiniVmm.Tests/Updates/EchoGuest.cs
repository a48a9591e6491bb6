using LuoInterop.Emulation;
using LuoInterop.Kvm;

namespace MiniVmm.Tests.Updates;

/// <summary>Is a guest in C# whose first vCPU writes to its serial port what it reads there, a byte at a time.</summary>
/// <remarks>R8 says what comes next, R9 has the byte, R10 counts: all of it is in the registers, so that it can stop anywhere.</remarks>
internal static class EchoGuest
{
    private const ushort Data = 0x3f8;
    private const ushort LineStatus = 0x3fd;
    private const byte DataReady = 1;

    public static void Run(EmulatedGuest guest)
    {
        Span<byte> value = stackalloc byte[1];
        while (true)
        {
            KvmRegisters registers = guest.Registers;
            switch (registers.R8)
            {
                case 0:
                    guest.ReadPort(LineStatus, value);
                    registers.R8 = registers.Rdi == 0 && (value[0] & DataReady) != 0 ? 1UL : 0;
                    registers.R10++;
                    break;
                case 1:
                    guest.ReadPort(Data, value);
                    registers.R9 = value[0];
                    registers.R8 = 2;
                    break;
                default:
                    value[0] = (byte)registers.R9;
                    guest.WritePort(Data, value);
                    registers.R8 = 0;
                    break;
            }

            guest.Registers = registers;
        }
    }
}

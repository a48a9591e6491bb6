#pragma warning disable
namespace LuoInterop;
/// <summary>x</summary>
public static class Scratch {
  static readonly string[] Names=new string[128]; static readonly long[] At=new long[128]; static int n;
  /// <summary>x</summary>
  public static void N(string s){ if(n<128){Names[n]=s; At[n++]=System.Diagnostics.Stopwatch.GetTimestamp();} }
  /// <summary>x</summary>
  public static string Dump(){ var b=new System.Text.StringBuilder("NOTES"); for(int i=1;i<n;i++) b.Append(' ').Append(Names[i]).Append('=').Append((At[i]-At[i-1])/1000); return b.ToString(); }
}

"""rsyslog's module omhttp, which Debian does not package: built from the source of Debian's rsyslog, with its own configure."""

from __future__ import annotations

#: Packages whose headers it needs; their files are only unpacked.
HEADERS = ("libestr-dev", "libfastjson-dev", "libestr0", "libfastjson4", "libcurl4-gnutls-dev", "zlib1g-dev")
#: Leaves `omhttp.so` in the folder that it runs in. The source is asked for where the system's own lists have its packages from;
#: only this one module is compiled, by what configure finds out.
SCRIPT = r"""
set -e
here=$PWD
mkdir -p parts lists/partial dev
for one in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    grep -qs debian-archive-keyring "$one" || continue
    sed 's/^Types: deb$/Types: deb-src/; s/^deb /deb-src /' "$one" >"parts/${one##*/}"
done
lists="-o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts=$here/parts -o Dir::State::Lists=$here/lists"
apt-get -qq $lists -o Acquire::Retries=3 update
. /etc/os-release
apt-get -qq $lists -o Acquire::Retries=3 source --download-only "rsyslog/$VERSION_CODENAME"
dpkg-source --no-check -x rsyslog_*.dsc source
(cd dev && apt-get -qq download HEADERS && for one in *.deb; do dpkg -x "$one" .; done)
usr=$here/dev/usr
libraries=$(dirname "$(find "$usr/lib" -name libestr.so.0)")
curl=$(dirname "$(dirname "$(find "$usr/include" -name curl.h)")")
export LIBESTR_CFLAGS="-I$usr/include" LIBESTR_LIBS="-L$libraries -lestr"
export LIBFASTJSON_CFLAGS="-I$usr/include/libfastjson" LIBFASTJSON_LIBS="-L$libraries -lfastjson"
export ZLIB_CFLAGS="-I$usr/include" ZLIB_LIBS="-L$libraries -lz"
mkdir made && cd made
../source/configure --quiet --disable-libgcrypt --disable-uuid --disable-klog --disable-fmhttp --disable-impstats \
    --disable-default-tests --disable-dependency-tracking --disable-libsystemd --disable-generate-man-pages
cc -shared -fPIC -O2 -D_GNU_SOURCE -DHAVE_CONFIG_H '-DPATH_PIDFILE="/x"' -w -I. -I../source -I../source/runtime -I../source/grammar \
    -I../source/tools "-I$usr/include" "-I$usr/include/libfastjson" "-I$curl" ../source/contrib/omhttp/omhttp.c -o "$here/omhttp.so" \
    -l:libcurl-gnutls.so.4
cd "$here"
rm -r parts lists dev source made rsyslog_*
""".replace("HEADERS", " ".join(HEADERS))

"""A Modbus TCP device made with pymodbus: what stands in its holding registers is said on stdin, a JSON object a line.

{"address": 0, "values": [0, 100]} writes registers; each line is answered with "ok". The first argument is the port.
"""

import asyncio
import json
import sys
import threading

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartAsyncTcpServer

HOLDING_REGISTERS = 3

device = ModbusSlaveContext(hr=ModbusSequentialDataBlock(0, [0] * 64), zero_mode=True)


def obey():
    for line in sys.stdin:
        told = json.loads(line)
        device.setValues(HOLDING_REGISTERS, told["address"], told["values"])
        print("ok", flush=True)


threading.Thread(target=obey, daemon=True).start()
asyncio.run(StartAsyncTcpServer(context=ModbusServerContext(slaves=device, single=True), address=("127.0.0.1", int(sys.argv[1]))))
